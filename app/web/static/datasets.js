// Datasets: what is there, how far it is, and registering another.

import { cancelOperation, deleteDataset, registerDataset, uploadManifest, validateSource, watch } from "./api.js";
import { button, find, h } from "./dom.js";
import { change, state } from "./state.js";
import { StatusLine } from "./status.js";
import { duration, noun, number, percent } from "./words.js";

const STATES = {
  awaiting_vectors: "waiting for vectors", registered: "waiting for a worker", extracting: "being read",
  ready: "ready", failed: "failed",
};

const line = new StatusLine("register-said");
let heard = null; // {changed(): reload the list}
let manifest = null; // {uri, name}: what was uploaded
let checking = new AbortController(); // a newer check, or another source, ends what is under way
const watched = new Map(); // dataset id -> AbortController

export const onDatasets = (listener) => { heard = listener; };

/** List datasets; those that are under way are followed. */
export function showDatasets(datasets) {
  find("dataset-rows").replaceChildren(...datasets.map(row));
  find("datasets-none").hidden = datasets.length > 0;
  const active = new Set(datasets.filter(isUnderWay).map(({ id }) => id));
  for (const [id, controller] of watched) if (!active.has(id)) {
    controller.abort();
    watched.delete(id);
  }
  for (const dataset of datasets) if (isUnderWay(dataset) && !watched.has(dataset.id)) follow(dataset);
}

const isUnderWay = ({ status, operation_id: operation }) =>
  operation && (status === "registered" || status === "extracting");

function row(dataset) {
  const { id, name, status, scene_count: scenes, usable_scene_count: usable, total_cost: total, resource } = dataset;
  const count = usable ?? scenes;
  const open = () => change({ dataset: id, view: null, budget: null, include: [], exclude: [], left: null, right: null }, { step: true });
  return h("tr", { "data-dataset": id, ...(state.dataset === id ? { class: "current" } : {}) },
    h("td", {}, button(name, open, { class: "link" }), h("p", { class: "quiet bad" }, dataset.error ?? "")),
    h("td", { class: "progress-cell" }, STATES[status] ?? status),
    h("td", {}, count === null ? "" : number(count)),
    h("td", {}, total === null ? "" : `${number(total)} ${resource}`),
    h("td", {}, dataset.source.kind),
    h("td", {}, button("Delete", () => remove(dataset), { "aria-label": `Delete ${name}` })));
}

async function remove(dataset) {
  const dialog = find("confirm");
  find("confirm-text").textContent =
    `Delete “${dataset.name}” with its seeds? The images stay where they are.`;
  dialog.returnValue = "";
  dialog.showModal();
  await new Promise((closed) => dialog.addEventListener("close", closed, { once: true }));
  if (dialog.returnValue !== "delete") return;
  await attempt(line.begin("list"), async () => {
    await deleteDataset(dataset.id);
    if (state.dataset === dataset.id) change({ dataset: null, budget: null });
    heard.changed();
  });
}

/** Show an extraction as it goes on: images a second, time left, and a way to end it. */
async function follow(dataset) {
  const controller = new AbortController();
  watched.set(dataset.id, controller);
  try {
    for await (const operation of watch(dataset.operation_id, controller.signal)) {
      progress(dataset, operation);
      heard.progress(dataset, operation);
    }
    watched.delete(dataset.id);
    heard.changed();
  } catch (error) {
    if (!controller.signal.aborted) watched.delete(dataset.id);
  }
}

/** How far an extraction has come, in a few words. */
export function pace(operation) {
  const { done, total, images_per_s: speed, remaining_s: left } = operation;
  if (operation.status === "not_started") return "waiting for a worker";
  return [
    total ? `${number(done)} of ${number(total)} ${noun(total, "image")}` : `${number(done)} ${noun(done, "image")}`,
    speed ? `${speed.toFixed(1)} a second` : null,
    left ? `${duration(left)} left` : null,
  ].filter(Boolean).join(", ");
}

function progress(dataset, operation) {
  const cell = document.querySelector(`[data-dataset="${CSS.escape(dataset.id)}"] .progress-cell`);
  if (!cell) return;
  const bar = h("progress", { max: "100", "aria-label": `Progress of ${dataset.name}` });
  bar.value = operation.percent_complete;
  cell.replaceChildren(bar, h("span", { class: "quiet" }, pace(operation)),
    button("Cancel", () => attempt(line.begin("list"), async () => {
      await cancelOperation(operation.id);
      heard.changed();
    }), { "aria-label": `Cancel ${dataset.name}` }));
}

async function attempt(turn, action) {
  try {
    await action();
    turn.say("");
  } catch (error) {
    turn.say(error.name === "AbortError" ? "" : error.message, true);
  }
}

function source() {
  const kind = find("register-kind").value;
  if (kind === "upload") return manifest && { kind: "manifest", uri: manifest.uri };
  const place = find("register-root").value.trim();
  if (place === "") return null;
  return kind === "manifest" ? { kind, uri: place } : { kind, root: place };
}

function request() {
  const wanted = source();
  if (wanted === null) {
    throw new Error(find("register-kind").value === "upload" ? "Choose a manifest first." : "Say where the scenes lie.");
  }
  const backbone = find("register-backbone").value.trim() || "auto";
  const name = find("register-name").value.trim() || manifest?.name || wanted.root || wanted.uri;
  return { name: name.slice(-100), source: wanted, features: { backbone, token: find("register-token").value } };
}

async function take(file) {
  if (!file) return;
  dropReport();
  const turn = line.begin("upload");
  turn.say(`${file.name} is being uploaded …`);
  await attempt(turn, async () => {
    const { uri } = await uploadManifest(file);
    if (!turn.isNewest()) return; // another file was chosen meanwhile
    manifest = { uri, name: file.name };
    find("drop-name").textContent = file.name;
    find("register-kind").value = "upload";
    kindChanged();
    if (find("register-name").value.trim() === "") find("register-name").value = file.name.replace(/\.\w+(\.gz)?$/, "");
    await check();
  });
}

/** A dry run: what would be registered, and every mistake with its line. */
async function check() {
  const wanted = request();
  dropReport();
  const report = await validateSource(wanted, checking.signal);
  const totals = Object.entries(report.resources).map(([name, { total, lowest, highest }]) =>
    `${name}: ${number(total)} in total, ${number(lowest)} to ${number(highest)} a scene`);
  const missing = report.missing_image_count;
  const lines = [
    `${number(report.scene_count)} ${noun(report.scene_count, "scene")}, ${number(report.image_count)} ${noun(report.image_count, "image")}`
    + (report.group_count > 0 ? `, ${number(report.group_count)} ${noun(report.group_count, "group")}` : ""),
    ...totals,
    report.images_looked_at > 0
      ? `${missing === 0 ? "None" : number(missing)} of the ${number(report.images_looked_at)} images that were looked for ${missing === 1 ? "is" : "are"} missing`
      : null,
  ].filter(Boolean);
  find("report").hidden = false;
  find("report-verdict").textContent = report.valid
    ? "It can be registered."
    : `It cannot be registered: ${number(report.error_count)} ${noun(report.error_count, "mistake")}.`;
  find("report-verdict").dataset.status = report.valid ? "optimal" : "infeasible";
  find("report-facts").replaceChildren(...lines.map((line) => h("li", {}, line)));
  find("report-errors").replaceChildren(...report.errors.map(({ line, scene_id: id, detail }) =>
    h("li", {}, h("strong", {}, [line ? `line ${line}` : null, id].filter(Boolean).join(", ")), ` ${detail}`)));
}

/** Hide the report, and let none of an older question come. */
function dropReport() {
  checking.abort();
  checking = new AbortController();
  find("report").hidden = true;
}

function kindChanged() {
  const upload = find("register-kind").value === "upload";
  find("drop").hidden = !upload;
  find("register-place").hidden = upload;
  dropReport();
}

find("register-kind").addEventListener("change", kindChanged);
find("register-file").addEventListener("change", (event) => {
  take(event.target.files[0]);
  event.target.value = "";
});
find("register-check").addEventListener("click", () => {
  const turn = line.begin("form");
  turn.say("Looking …");
  attempt(turn, check);
});
find("register-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const turn = line.begin("form");
  turn.say("Being registered …");
  attempt(turn, async () => {
    const { dataset } = await registerDataset(request());
    dropReport();
    change({ dataset: dataset.id, budget: null, include: [], exclude: [], left: null, right: null });
    heard.changed();
  });
});
for (const type of ["dragenter", "dragover"]) {
  find("drop").addEventListener(type, (event) => {
    event.preventDefault();
    find("drop").classList.add("over");
  });
}
for (const type of ["dragleave", "drop"]) find("drop").addEventListener(type, () => find("drop").classList.remove("over"));
find("drop").addEventListener("drop", (event) => {
  event.preventDefault();
  take(event.dataTransfer.files[0]);
});
kindChanged();
