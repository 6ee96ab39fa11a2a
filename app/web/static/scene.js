// One scene: its images, what it costs, what it stands for, what looks like it, its point cloud.

import { getNeighbors, getPointcloud, getRepresented, getScene } from "./api.js";
import { CONFIG, layout, plotly } from "./charts.js";
import { css } from "./colours.js";
import { button, find, h } from "./dom.js";
import { picture } from "./pictures.js";
import { rulesOf, toggleRule } from "./rules.js";
import { change, state } from "./state.js";
import { StatusLine, VIEW } from "./status.js";
import { noun, number, percent } from "./words.js";

const IMAGES = 24;
const dialog = find("scene");
const line = new StatusLine("scene-said");
const cloudLine = new StatusLine("scene-cloud-said");
let running = new AbortController();
let shown = null; // {dataset, seed, id, scene: what the server said of it}

/** Show a scene, or nothing. */
export async function showScene(dataset, seed, sceneId) {
  const same = shown?.id === sceneId && shown?.dataset?.id === dataset?.id && dialog.open;
  const other = shown?.seed !== seed;
  shown = { dataset, seed, id: sceneId, scene: same ? shown.scene : null };
  if (!sceneId || !dataset) {
    if (dialog.open) dialog.close();
    return;
  }
  actions();
  if (same) {
    if (other && shown.scene) await answered(running.signal);
    return;
  }
  running.abort();
  running = new AbortController();
  const { signal } = running;
  find("scene-name").textContent = sceneId;
  find("scene-facts").replaceChildren();
  find("scene-images").replaceChildren();
  find("scene-like").replaceChildren();
  find("scene-stands").replaceChildren();
  find("scene-cloud-section").hidden = true;
  find("scene-stands-section").hidden = true;
  hideCloud();
  line.clear();
  const turn = line.begin(VIEW);
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
  try {
    const scene = await getScene(dataset.id, sceneId, signal);
    shown.scene = scene;
    facts(scene);
    images(dataset, scene);
    find("scene-cloud-section").hidden = scene.pointcloud === null;
    if (scene.usable) {
      const { items } = await getNeighbors(dataset.id, sceneId, signal);
      find("scene-like").replaceChildren(...items.map((item) => smallScene(dataset, item)));
    } else turn.say(scene.left_out_reason ?? "This scene has no features yet.", true);
  } catch (error) {
    if (!signal.aborted) turn.say(error.message, true);
  }
  if (shown.scene && !signal.aborted) await answered(signal);
}

/** Tell what the newest answer makes of the scene. */
async function answered(signal) {
  facts(shown.scene);
  const turn = line.begin("stands");
  try {
    await stands(shown.dataset, shown.seed, shown.id, signal);
    turn.say("");
  } catch (error) {
    if (!signal.aborted) turn.say(error.message, true);
  }
}

function actions() {
  const { id } = shown;
  const { pinned, banned } = rulesOf(id);
  find("scene-pin").textContent = pinned ? "Unpin" : "Pin";
  find("scene-ban").textContent = banned ? "Allow" : "Ban";
}

function facts(scene) {
  const { seed } = shown;
  const chosen = seed?.scenes.find(({ scene_id: id }) => id === scene.scene_id);
  const rows = [
    ...Object.entries(scene.costs).map(([name, value]) => [name, number(value)]),
    ["group", scene.group],
    ["chosen", !seed ? null : chosen ? `rank ${chosen.rank}, worth ${percent(Math.max(chosen.gain, 0) / (seed.objective || 1))}` : "no"],
    ["regions", scene.region_count === null ? null : number(scene.region_count)],
    ["images", number(scene.images.length)],
  ].filter(([, value]) => value !== null && value !== undefined);
  find("scene-facts").replaceChildren(...rows.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

function images(dataset, scene) {
  const items = scene.images.slice(0, IMAGES).map((image, place) => {
    const name = image.uri.split("/").pop();
    const label = [image.sensor, name].filter(Boolean).join(": ");
    return h("figure", {}, picture(dataset.id, scene.scene_id, { query: `?image=${place}&side=640`, alt: label }),
      h("figcaption", { class: "quiet cut", title: image.uri }, label));
  });
  const left = scene.images.length - items.length;
  if (left > 0) items.push(h("p", { class: "quiet" }, `and ${number(left)} more`));
  find("scene-images").replaceChildren(...items);
}

/** A small picture of a scene, its name and how alike it is. */
export function smallScene(dataset, { scene_id: id, similarity }) {
  return h("li", {}, picture(dataset.id, id),
    button(id, () => change({ scene: id }, { step: true }), { class: "link cut", title: id }),
    h("span", { class: "quiet" }, similarity === undefined ? "" : `cosine ${similarity.toFixed(3)}`));
}

/** What a chosen scene stands for. */
async function stands(dataset, seed, sceneId, signal) {
  const chosen = seed?.scenes.find(({ scene_id: id }) => id === sceneId);
  find("scene-stands-section").hidden = !chosen?.represents;
  if (!chosen?.represents) return;
  const { total, items } = await getRepresented(seed.id, sceneId, signal);
  if (shown.seed !== seed) return;
  find("scene-stands-title").textContent = `Stands for ${number(total)} ${noun(total, "scene")}`;
  find("scene-stands").replaceChildren(...items.slice(0, 12).map((item) => smallScene(dataset, item)));
}

function hideCloud() {
  const chart = find("scene-cloud");
  if (chart.hidden === false) window.Plotly?.purge(chart);
  chart.hidden = true;
  find("scene-cloud-show").hidden = false;
  cloudLine.clear();
}

async function showCloud() {
  const { signal } = running;
  const { dataset, id } = shown;
  const turn = cloudLine.begin(VIEW);
  turn.say("Reading …");
  try {
    const [Plotly, cloud] = await Promise.all([plotly(), getPointcloud(dataset.id, id, signal)]);
    if (signal.aborted) return;
    const chart = find("scene-cloud");
    chart.hidden = false;
    find("scene-cloud-show").hidden = true;
    const color = cloud.colors ?? cloud.intensity ?? cloud.z;
    const axis = { visible: false };
    await Plotly.react(chart, [{
      type: "scatter3d", mode: "markers", x: cloud.x, y: cloud.y, z: cloud.z, hoverinfo: "skip",
      marker: { size: 1.6, color, colorscale: "Viridis", opacity: 1 },
    }], layout({
      scene: { xaxis: axis, yaxis: axis, zaxis: axis, aspectmode: "data", bgcolor: css("--page") },
    }), CONFIG);
    const part = cloud.x.length < cloud.total ? `${number(cloud.x.length)} of ${number(cloud.total)} points` : `${number(cloud.total)} points`;
    turn.say(`${part}. Drag to turn, scroll to come closer.`);
  } catch (error) {
    if (!signal.aborted) turn.say(error.message);
  }
}

find("scene-cloud-show").addEventListener("click", showCloud);
find("scene-pin").addEventListener("click", () => toggleRule("include", shown.id));
find("scene-ban").addEventListener("click", () => toggleRule("exclude", shown.id));
find("scene-close").addEventListener("click", () => dialog.close());
dialog.addEventListener("close", () => {
  if (dialog.open) return; // another scene was opened before this one's end was told
  running.abort();
  hideCloud();
  if (state.scene) change({ scene: null });
});
dialog.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close(); // beside it
});
