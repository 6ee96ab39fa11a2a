// Near duplicates: groups of scenes that look so alike that one of each would do.

import { getDuplicates } from "./api.js";
import { button, find, h } from "./dom.js";
import { oneOfEach, threshold } from "./rules.js";
import { smallScene } from "./scene.js";
import { change } from "./state.js";
import { StatusLine, VIEW } from "./status.js";
import { noun, number } from "./words.js";

const SHOWN = 8; // scenes of a group before it is opened
const REST_MS = 150; // a threshold that stays this long is asked for

const line = new StatusLine("duplicates-said");
let asked = null; // {name, listed}: what is wanted or shown, and how many groups of it
let running = new AbortController();
let timer = null;

/** Show the groups of a dataset's near duplicates. */
export function showDuplicates(dataset) {
  const value = threshold();
  find("duplicates-threshold").value = value;
  find("duplicates-threshold").setAttribute("aria-valuetext", `similarity of at least ${value}`);
  find("duplicates-value").textContent = value.toFixed(3);
  find("duplicates-unique").checked = oneOfEach() !== null;
  const name = JSON.stringify([dataset.id, value]);
  if (asked?.name === name) return;
  asked = { name, listed: 0 };
  running.abort();
  running = new AbortController();
  clearTimeout(timer);
  timer = setTimeout(() => more(dataset, value, "", running.signal), REST_MS);
}

/** Add a page of groups to those that are shown; the first page takes the place of all. */
async function more(dataset, value, token, signal) {
  const turn = line.begin(VIEW);
  try {
    const page = await getDuplicates(dataset.id, value, token, signal);
    if (signal.aborted) return;
    const first = asked.listed;
    const rows = page.items.map((group, place) => row(dataset, group, first + place + 1));
    asked.listed += rows.length;
    const list = find("duplicates-groups");
    if (token === "") list.replaceChildren(...rows);
    else list.append(...rows);
    turn.say(told(dataset, page, value));
    const next = page.next_page_token;
    const left = page.group_count - asked.listed;
    find("duplicates-more").replaceChildren(...(next === "" ? [] : [
      button(`Show more groups (${number(left)} left)`, () => more(dataset, value, next, signal)),
    ]));
  } catch (error) {
    if (signal.aborted) return;
    asked = null; // it is asked for again when somebody comes back
    turn.say(error.message, true);
    find("duplicates-groups").replaceChildren();
    find("duplicates-more").replaceChildren();
  }
}

function told(dataset, page, value) {
  if (page.group_count === 0) return `No two scenes have a similarity of ${value} or more.`;
  const { group_count: groups, scene_count: scenes } = page;
  const spared = `One of each would leave out ${number(scenes - groups)}.`;
  const found = page.recall < 1
    ? ` The search was approximate and found ${(100 * page.recall).toFixed(1)} % of what is nearest.`
    : "";
  return `${number(scenes)} of ${number(dataset.usable_scene_count)} scenes are in `
    + `${number(groups)} ${noun(groups, "group")}. ${spared}${found}`;
}

function row(dataset, group, place) {
  const { size, weakest, scenes } = group;
  const pictures = h("ul", { class: "smalls" });
  const show = (count) => {
    pictures.replaceChildren(...scenes.slice(0, count).map((scene) => smallScene(dataset, scene)));
    const left = size - Math.min(count, scenes.length);
    if (left === 0) return;
    pictures.append(h("li", { class: "quiet" }, count < scenes.length
      ? button(`${number(left)} more`, () => show(scenes.length), { "aria-label": `Show ${left} more scenes of group ${place}` })
      : `and ${number(left)} more`));
  };
  show(SHOWN);
  const title = `${number(size)} scenes`;
  return h("li", { class: "duplicates-group", "aria-label": `Group ${place}: ${title}` },
    h("h2", {}, title),
    h("p", { class: "quiet" }, `linked by similarities of ${weakest.toFixed(3)} or more`),
    pictures);
}

find("duplicates-threshold").addEventListener("input", (event) => change({ threshold: String(Number(event.target.value)) }));
find("duplicates-unique").addEventListener("change", (event) =>
  change({ unique: event.target.checked ? "1" : null }, { step: true }));
