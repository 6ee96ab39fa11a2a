// The explorer page: which dataset, which budget, which view, and what the server answers.

import { hideAnswer, showAnswer, showEnd, showLive } from "./answer.js";
import { datasetsUrl, getDataset, isBusy, listDatasets, Offline } from "./api.js";
import { Asking } from "./asking.js";
import { curl } from "./calls.js";
import { showCompare } from "./compare.js";
import { onDatasets, pace, showDatasets } from "./datasets.js";
import { find } from "./dom.js";
import { showDuplicates } from "./duplicates.js";
import { leaveFrontier, markBudget, showFrontier } from "./frontier.js";
import { clearGallery, showGallery } from "./gallery.js";
import { axes, markOnMap, refreshSelection, showMap } from "./map.js";
import { DEFAULT_OBJECTIVE, loadObjectives, objectives } from "./questions.js";
import { hintOf, showHint } from "./hint.js";
import { offerReport } from "./report.js";
import { isNextRound, showRounds } from "./rounds.js";
import { showSending } from "./sending.js";
import { oneOfEach, showRules } from "./rules.js";
import { Scale } from "./scale.js";
import { showScene } from "./scene.js";
import { change, onChange, state } from "./state.js";
import { StatusLine, VIEW } from "./status.js";
import { noun, number, percent } from "./words.js";

const POLL_MS = 2500;
const VIEWS = ["budget", "map", "duplicates", "frontier", "compare", "datasets"];

const message = new StatusLine("message");
let datasets = [];
let loading = 0; // which load of the list is the newest
let dataset = null;
let scale = null;
let seed = null; // the answer that is shown
let said = false; // whether a sentence stands where the pictures would be
let timer = null; // the next look at the server

const budget = () => {
  const value = Number(state.budget);
  return Number.isFinite(value) ? Math.min(value, scale?.most ?? value) : value; // more buys nothing
};
const hasBudget = () => budget() > 0 && Number.isFinite(budget());
const view = () => (VIEWS.includes(state.view) ? state.view : "budget");
const objective = () => (objectives.has(state.objective) ? state.objective : DEFAULT_OBJECTIVE);
const isReady = () => dataset?.status === "ready";

const question = () => ({
  dataset, limit: budget(), objective: objective(), include: state.include, exclude: state.exclude,
  oneOfEach: oneOfEach(), hint: hintOf(objective()), isNextRound: isNextRound(),
});

const asking = new Asking({
  seed(answer, isFinal, request) {
    seed = answer;
    offline(null);
    said = false;
    showAnswer(dataset, seed, isFinal, request);
    showSending(dataset, seed);
    render();
  },
  live: (operation) => seed && showLive(seed, operation),
  ended: (error) => showEnd(error),
  busy: (isBusy) => { find("busy").hidden = !isBusy; },
  failed(error) {
    if (error instanceof Offline) {
      offline(error);
      again(ask);
      return;
    }
    say(isBusy(error) ? `${error.message} Trying again every few seconds.` : error.message, "error");
    render();
    if (isBusy(error)) again(ask);
  },
});

function again(action) {
  clearTimeout(timer);
  timer = setTimeout(action, POLL_MS);
}

/** Say that the server does not answer, or that it does again. */
function offline(error) {
  find("notice").hidden = error === null;
  if (error) find("notice-text").textContent = `${error.message} Trying again every few seconds.`;
}

/** Say one sentence where the pictures would be. */
function say(text, kind = "state") {
  seed = null;
  clearGallery();
  hideAnswer();
  message.begin(VIEW).say(text);
  find("message").dataset.kind = kind;
  find("message").hidden = false;
  said = true;
}

/** Load the list of datasets and turn to the one that is wanted. */
async function load() {
  clearTimeout(timer);
  loading += 1;
  const mine = loading;
  try {
    await loadObjectives();
    const listed = await listDatasets();
    if (mine !== loading) return; // a newer list is on its way
    datasets = listed;
    offline(null);
  } catch (error) {
    if (mine !== loading) return;
    if (error instanceof Offline) {
      offline(error);
      again(load);
    } else say(error.message, "error");
    return;
  }
  find("dataset").replaceChildren(...datasets.map(({ id, name }) => new Option(name, id)));
  showDatasets(datasets);
  const wanted = datasets.find(({ id }) => id === state.dataset);
  if (wanted || !state.dataset || datasets.length === 0) {
    open(wanted ?? datasets.find(({ status }) => status === "ready") ?? datasets[0] ?? null);
  } else missing();
}

/** The address names a dataset that is not there: another one's answer would mislead. */
function missing() {
  clearTimeout(timer);
  asking.stop();
  dataset = null;
  find("dataset").selectedIndex = -1;
  find("dataset-facts").textContent = "";
  find("budget").disabled = true;
  say(`There is no dataset ${state.dataset}, or no longer. Choose another one.`, "error");
  render();
}

/** Turn to a dataset, whatever its state. */
function open(chosen) {
  clearTimeout(timer);
  const other = dataset?.id !== chosen?.id;
  dataset = chosen;
  if (chosen === null) {
    asking.stop();
    change({ dataset: null });
    render();
    return;
  }
  if (other) { // nothing of the last one's answer may be taken for this one's
    asking.stop();
    seed = null;
    said = false;
    clearGallery();
    hideAnswer();
  }
  find("dataset").value = chosen.id;
  find("dataset-facts").textContent = facts(chosen);
  find("budget").disabled = !isReady();
  if (isReady()) {
    scale = new Scale(chosen.cheapest_cost, chosen.total_cost);
    for (const id of ["budget-unit", "budget-unit-2"]) find(id).textContent = chosen.resource;
    find("budget-least").textContent = number(scale.least);
    find("budget-most").textContent = number(scale.most);
    change({ dataset: chosen.id, budget: hasBudget() ? state.budget : String(scale.start()) });
    showBudget(other ? null : document.activeElement?.id);
    ask();
  } else {
    asking.stop();
    change({ dataset: chosen.id });
    say(waitingFor(chosen), chosen.status === "failed" ? "error" : "state");
    if (chosen.status !== "failed" && !chosen.operation_id) again(look);
  }
  render();
}

function waitingFor({ status, error }) {
  if (status === "failed") return error ?? "This dataset could not be made ready. Register it anew.";
  if (status === "awaiting_vectors") return "Its vectors are still to be uploaded (PUT …/vectors).";
  return "The images are being read. The answer appears here by itself.";
}

/** Look whether a dataset has become ready. */
async function look() {
  const { id } = dataset;
  try {
    const fresh = await getDataset(id);
    if (dataset?.id !== id) return;
    datasets = datasets.map((item) => (item.id === fresh.id ? fresh : item));
    open(fresh);
  } catch (error) {
    if (dataset?.id !== id) return;
    if (error instanceof Offline) {
      offline(error);
      again(look);
    } else say(error.message, "error");
  }
}

function facts({ usable_scene_count: usable, scene_count: all, total_cost: total, resource }) {
  if (usable === null) return all === null ? "" : `${number(all)} ${noun(all, "scene")}`;
  const without = all > usable ? `, ${number(all - usable)} left out` : "";
  return `${number(usable)} ${noun(usable, "scene")}${without}, ${resource}: ${number(total)} in total`;
}

function ask() {
  clearTimeout(timer);
  if (isReady() && hasBudget()) asking.ask(question());
}

/** Show the budget that is set; a field is left alone while it is typed in. */
function showBudget(typing = null) {
  const share = budget() / scale.most;
  find("budget-slider").value = scale.position(budget());
  find("budget-slider").setAttribute("aria-valuetext", `${number(budget())} ${dataset.resource}, ${percent(share)}`);
  if (typing !== "budget-number") write("budget-number", number(budget()));
  if (typing !== "budget-percent") write("budget-percent", String(Number((100 * share).toPrecision(4))));
}

function write(id, text) {
  find(id).removeAttribute("aria-invalid");
  find(id).value = text;
}

function typed(event, parse) {
  const value = parse(event.target.value);
  if (Number.isNaN(value)) {
    event.target.setAttribute("aria-invalid", "true");
    return;
  }
  event.target.removeAttribute("aria-invalid");
  change({ budget: String(value) });
  showBudget(event.target.id);
}

/** Show the view that is wanted, with what is known. */
function render() {
  const now = datasets.length === 0 ? "datasets" : view();
  for (const name of VIEWS) {
    find(`view-${name}`).hidden = name !== now || (name !== "datasets" && !isReady());
    const link = find(`to-${name}`);
    if (name === now) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const full = now === "datasets" || now === "compare";
  find("question").hidden = full;
  find("explorer").classList.toggle("full", full);
  find("message").hidden = !said || now === "datasets";
  find("objective").value = objective();
  find("objective-hint").textContent = objectives.get(objective())?.description ?? "";
  find("frontier-nested").checked = state.nested === "1";
  find("map-axes").value = axes();
  showHint(objective());
  showRules();
  if (now !== "frontier") leaveFrontier();
  if (!isReady()) {
    showScene(null, null, null);
    return;
  }
  showRounds(dataset);
  if (now === "budget" && seed) showGallery(dataset, seed);
  if (now === "map") showMap(dataset, seed).then(() => markOnMap(state.scene));
  if (now === "duplicates") showDuplicates(dataset);
  if (now === "frontier") showFrontier(question());
  if (now === "compare") showCompare(dataset, seed);
  if (state.scene || find("scene").open) showScene(dataset, seed, state.scene);
}

onChange((changed) => {
  if (changed.has("dataset") && state.dataset !== dataset?.id) {
    const wanted = datasets.find(({ id }) => id === state.dataset);
    if (wanted) open(wanted);
    else load();
    return;
  }
  if (!isReady()) {
    render();
    return;
  }
  if (changed.has("budget") && !hasBudget()) change({ budget: String(scale.start()) });
  if (changed.has("budget") && scale) {
    showBudget(document.activeElement?.id);
    markBudget(budget());
  }
  const asks = ["budget", "objective", "include", "exclude", "unique", "hint", "ignore", "round"].some((name) => changed.has(name))
    || (changed.has("threshold") && oneOfEach() !== null);
  if (asks) ask();
  refreshSelection();
  if (!(changed.size === 1 && changed.has("budget"))) render();
});

onDatasets({
  changed: load,
  progress(item, operation) {
    if (item.id === dataset?.id && !isReady()) say(`The images are being read: ${pace(operation)}. The answer appears here by itself.`);
  },
});
offerReport(() => ({ dataset, seed }));

find("question").addEventListener("submit", (event) => event.preventDefault());
find("dataset").addEventListener("change", (event) => {
  change({ dataset: event.target.value, budget: null, include: [], exclude: [], hint: null, ignore: [], round: null, left: null, right: null }, { step: true });
});
find("budget-slider").addEventListener("input", (event) => change({ budget: String(scale.at(Number(event.target.value))) }));
find("budget-number").addEventListener("input", (event) => typed(event, (text) => scale.parse(text)));
find("budget-percent").addEventListener("input", (event) => typed(event, (text) => scale.parse(`${text.replace("%", "")}%`)));
for (const id of ["budget-number", "budget-percent"]) find(id).addEventListener("change", () => showBudget());
find("objective").addEventListener("change", (event) => change({ objective: event.target.value === DEFAULT_OBJECTIVE ? null : event.target.value }, { step: true }));
for (const name of VIEWS) {
  find(`to-${name}`).addEventListener("click", (event) => {
    event.preventDefault();
    change({ view: name === "budget" ? null : name }, { step: true });
  });
}
find("notice-retry").addEventListener("click", load);
find("empty-curl").textContent = curl("POST", datasetsUrl(), { "Content-Type": "application/json" }, JSON.stringify({
  name: "My building",
  source: { kind: "manifest", uri: "file:///data/scenes.jsonl" },
}));
load();
