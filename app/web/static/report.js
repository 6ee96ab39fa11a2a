// A report for a colleague: one HTML file that needs neither this service nor a network.

import { downloadsLine } from "./answer.js";
import { pictureOf } from "./charts.js";
import { find, h, save } from "./dom.js";
import { frontierChart } from "./frontier.js";
import { mapSvg } from "./map.js";
import { dataUri } from "./pictures.js";
import { finder, number, percent, proof } from "./words.js";

const PICTURES = 200; // more would make a file that no mail takes
const AT_ONCE = 6;

const STYLE = `
body { max-width: 900px; margin: 40px auto; padding: 0 16px; font: 15px/1.5 system-ui, sans-serif; color: #17202b; }
h1 { font-size: 24px; } h2 { font-size: 18px; margin-top: 32px; }
table { width: 100%; border-collapse: collapse; } td, th { padding: 6px 8px; border-bottom: 1px solid #dde1e7; text-align: left; overflow-wrap: anywhere; }
td img { width: 96px; height: 72px; object-fit: cover; border-radius: 4px; display: block; }
figure { margin: 0; } figure img { max-width: 100%; } .proof { font-weight: 600; color: #14713f; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 12px; background: #f4f5f7; padding: 12px; border-radius: 6px; }`;

/** Make and save the report of a seed. */
export async function saveReport(dataset, seed, signal) {
  const pictures = await thumbnails(dataset, seed, signal);
  const charts = await drawings(dataset, seed);
  const page = document.implementation.createHTMLDocument(`Seed of ${dataset.name}`);
  page.documentElement.lang = "en";
  page.head.append(h("meta", { charset: "utf-8" }));
  page.body.append(...body(dataset, seed, pictures, charts));
  // This page's own policy is against style elements, the report's is not.
  const html = `<!doctype html>\n${page.documentElement.outerHTML}\n`
    .replace("</head>", () => `<style>${STYLE}</style></head>`);
  save(new Blob([html], { type: "text/html" }), `seed-${seed.id.slice(-6)}.html`);
}

async function thumbnails(dataset, seed, signal) {
  const waiting = seed.scenes.slice(0, PICTURES).map(({ scene_id: id }) => id);
  const found = new Map();
  const fetchSome = async () => {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
      found.set(id, await dataUri(dataset.id, id, signal));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, fetchSome));
  return found;
}

async function drawings(dataset, seed) {
  const found = [];
  const chart = frontierChart();
  if (chart?.clientWidth > 0) {
    found.push(["What each budget would buy", URI(await (await pictureOf(chart, "svg")).text())]);
  }
  const map = mapSvg(dataset, seed);
  if (map !== null) found.push(["The scenes by how they look; the chosen ones are marked", URI(map)]);
  return found;
}

const URI = (svg) => `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;

function body(dataset, seed, pictures, charts) {
  const { budget } = seed;
  const left = seed.scenes.length - pictures.size;
  return [
    h("h1", {}, `Which scenes of ${dataset.name} to annotate first`),
    h("p", {}, `${number(seed.scenes.length)} of ${number(dataset.usable_scene_count)} scenes for `
      + `${number(seed.total_cost)} of ${number(budget.limit)} ${budget.resource} (${percent(budget.fraction)} of everything).`),
    h("p", { class: "proof" }, proof(seed)),
    h("p", {}, `Objective ${seed.solver.objective}: ${seed.objective}. ${finder(seed)}`),
    ...charts.flatMap(([heading, src]) => [h("h2", {}, heading), h("figure", {}, h("img", { src, alt: heading }))]),
    h("h2", {}, "Scenes in the order in which to annotate them"),
    h("table", {}, h("thead", {}, h("tr", {}, ...["", "Rank", "Scene", "Group", budget.resource, "Stands for"].map((name) => h("th", {}, name)))),
      h("tbody", {}, ...seed.scenes.map((scene) => {
        const src = pictures.get(scene.scene_id);
        return h("tr", {}, h("td", {}, src ? h("img", { src, alt: "" }) : ""),
          ...[scene.rank, scene.scene_id, scene.group ?? "", number(scene.cost), number(scene.represents)]
            .map((text) => h("td", {}, String(text))));
      }))),
    left > 0 ? h("p", {}, `Pictures of the first ${PICTURES} scenes.`) : "",
    h("h2", {}, "How it was made"),
    h("pre", {}, JSON.stringify({ seed: seed.id, created_at: seed.created_at, constraints: seed.constraints, solver: seed.solver, provenance: seed.provenance }, null, 2)),
  ];
}

let running = null;

/** Wire the button: what is saved is what is shown. */
export function offerReport(current) {
  find("report-save").addEventListener("click", async (event) => {
    const node = event.currentTarget;
    const { dataset, seed } = current();
    if (!seed) return;
    running?.abort();
    running = new AbortController();
    const turn = downloadsLine.begin("Report");
    node.disabled = true;
    try {
      await saveReport(dataset, seed, running.signal);
      turn.say("");
    } catch (error) {
      turn.say(`Report: ${error.message}`, true);
    }
    node.disabled = false;
  });
}
