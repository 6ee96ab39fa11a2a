// The explorer page: which dataset, which budget, and what the server answers.

import * as address from "./address.js";
import { copyAsCurl, hideAnswer, showAnswer } from "./answer.js";
import { createSeed, datasetsUrl, getDataset, listDatasets, Offline } from "./api.js";
import { Gallery } from "./gallery.js";
import { Scale } from "./scale.js";
import { curl, noun, number, percent } from "./words.js";

const DEBOUNCE_MS = 180;
const POLL_MS = 1500;

const find = (id) => document.getElementById(id);
const gallery = new Gallery(find("gallery"));

let datasets = [];
let dataset = null;
let scale = null;
let budget = null;
let running = new AbortController(); // the question that is being answered
let timer = null; // the next question, or the next look at the server

/** Give up whatever is under way: its answer would be stale. */
function stop() {
  running.abort();
  running = new AbortController();
  clearTimeout(timer);
  find("busy").hidden = true;
}

function later(action, delay) {
  clearTimeout(timer);
  timer = setTimeout(() => attempt(action), delay);
}

/** Run a step; an error becomes a sentence on the page. */
async function attempt(action) {
  const { signal } = running;
  try {
    await action(signal);
    find("notice").hidden = true;
  } catch (error) {
    if (signal.aborted || error.name === "AbortError") return;
    find("busy").hidden = true;
    if (error instanceof Offline) {
      find("notice-text").textContent = `${error.message} Trying again every few seconds.`;
      find("notice").hidden = false;
      later(action, 2 * POLL_MS);
    } else {
      say(error.message, "error");
    }
  }
}

/** Say one sentence where the gallery would be. */
function say(text, kind = "state") {
  gallery.clear();
  hideAnswer();
  find("message").textContent = text;
  find("message").dataset.kind = kind;
  find("message").hidden = false;
}

async function load() {
  datasets = await listDatasets();
  find("empty").hidden = datasets.length > 0;
  find("explorer").hidden = datasets.length === 0;
  if (datasets.length === 0) {
    later(load, 2 * POLL_MS);
    return;
  }
  find("dataset").replaceChildren(...datasets.map(({ id, name }) => new Option(name, id)));
  const wanted = address.read();
  const known = datasets.find(({ id }) => id === wanted.dataset);
  open(known ?? datasets.find(({ status }) => status === "ready") ?? datasets[0], wanted.budget);
}

/** Turn to a dataset, whatever its state. */
function open(chosen, wanted = null) {
  stop();
  dataset = chosen;
  find("dataset").value = chosen.id;
  find("budget").disabled = chosen.status !== "ready";
  find("dataset-facts").textContent = facts(chosen);
  address.write(chosen.id, wanted);
  if (chosen.status === "ready") {
    gallery.clear();
    scale = new Scale(chosen.cheapest_cost, chosen.total_cost);
    find("budget-unit").textContent = chosen.resource;
    find("budget-least").textContent = number(scale.least);
    find("budget-most").textContent = number(scale.most);
    find("budget-slider").setAttribute(
      "aria-label", scale.logarithmic ? "Budget, logarithmic" : "Budget");
    setBudget(wanted ?? scale.start());
  } else if (chosen.status === "failed") {
    say(chosen.error ?? "This dataset could not be made ready. Register it anew.", "error");
  } else {
    const many = chosen.scene_count === null ? "" : ` of ${number(chosen.scene_count)} scenes`;
    say(`The images${many} are being read. The answer appears here by itself.`);
    later(look, POLL_MS);
  }
}

/** Look whether a dataset has become ready. */
async function look(signal) {
  const fresh = await getDataset(dataset.id, signal);
  datasets = datasets.map((item) => (item.id === fresh.id ? fresh : item));
  open(fresh, address.read().budget);
}

function facts({ usable_scene_count: usable, scene_count: all, total_cost: total, resource }) {
  if (usable === null) return all === null ? "" : `${number(all)} ${noun(all, "scene")}`;
  const without = all > usable ? `, ${number(all - usable)} left out` : "";
  return `${number(usable)} ${noun(usable, "scene")}${without}, ${number(total)} ${resource} in all`;
}

/** Take a budget and ask for its seed; the number field is left alone while it is typed in. */
function setBudget(value, { typing = false, delay = 0 } = {}) {
  budget = value;
  const share = percent(value / scale.most);
  find("budget-slider").value = scale.position(value);
  find("budget-slider").setAttribute(
    "aria-valuetext", `${number(value)} ${dataset.resource}, ${share}`);
  find("budget-share").textContent = `${share} of everything`;
  if (!typing) tidyNumber();
  address.write(dataset.id, value);
  stop();
  later(ask, delay);
}

/** Write the budget into the number field, over whatever was typed. */
function tidyNumber() {
  find("budget-number").removeAttribute("aria-invalid");
  find("budget-number").value = number(budget);
}

async function ask(signal) {
  find("busy").hidden = false;
  const seed = await createSeed(dataset, budget, signal);
  if (signal.aborted) return;
  find("busy").hidden = true;
  find("message").hidden = true;
  showAnswer(dataset, seed);
  gallery.show(dataset, seed);
}

find("question").addEventListener("submit", (event) => event.preventDefault());
find("dataset").addEventListener("change", (event) => {
  open(datasets.find(({ id }) => id === event.target.value));
});
find("budget-slider").addEventListener("input", (event) => {
  setBudget(scale.at(Number(event.target.value)), { delay: DEBOUNCE_MS });
});
find("budget-number").addEventListener("input", (event) => {
  const value = scale.parse(event.target.value);
  if (Number.isNaN(value)) {
    event.target.setAttribute("aria-invalid", "true");
    return;
  }
  event.target.removeAttribute("aria-invalid");
  setBudget(value, { typing: true, delay: 2 * DEBOUNCE_MS });
});
find("budget-number").addEventListener("change", tidyNumber);
find("copy").addEventListener("click", () => copyAsCurl(dataset, budget));
find("notice-retry").addEventListener("click", () => {
  stop();
  attempt(dataset === null ? load : look);
});
window.addEventListener("hashchange", () => {
  stop();
  attempt(load);
});

find("empty-curl").textContent = curl(datasetsUrl(), JSON.stringify({
  name: "My building",
  source: { kind: "manifest", uri: "file:///data/scenes.jsonl" },
}));
attempt(load);
