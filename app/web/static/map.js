// The map: scenes that look alike lie side by side; what is chosen is marked.

import { getMap, getNeighbors } from "./api.js";
import { css, groupColour, onTheme, OTHER, shared } from "./colours.js";
import { button, find, h, save } from "./dom.js";
import { picture } from "./pictures.js";
import { freeScenes, rulesOf, setRule, toggleRule } from "./rules.js";
import { Scatter } from "./scatter.js";
import { change, state } from "./state.js";
import { StatusLine, VIEW } from "./status.js";
import { noun, number, percent } from "./words.js";

const RINGS = 500; // more would be one black spot
const LEVEL = { plain: 0, near: 1, banned: 2, chosen: 3, pinned: 4 };

const note = new StatusLine("map-note");
let map = null; // what the server said
let shown = null; // {dataset, seed}
let loading = new AbortController();
let fetching = null; // the name of the map that is under way
let failed = null; // the name of the map whose failure is said
let selection = [];

const scatter = new Scatter(find("map-canvas"), {
  hover: (index, x, y) => showTip(index, x, y),
  pick: (index) => pick(index),
  lasso: (indices) => select(indices),
  thinned: (step) => {
    find("map-thinned").textContent = step > 1 ? `While it moves, one scene of ${step} is shown.` : "";
  },
});

/** Show a seed on its dataset's map; fetches the map where it is not known yet. */
export async function showMap(dataset, seed) {
  shown = { dataset, seed };
  const method = axes();
  const name = `${method} of ${dataset.id}`;
  if (fetching === name) return;
  loading.abort(); // what is under way would be painted over this
  fetching = null;
  if (map?.name !== name) {
    if (map?.dataset_id !== dataset.id) clear();
    loading = new AbortController();
    const { signal } = loading;
    fetching = name;
    find("map-said").textContent = "The map is being drawn …";
    try {
      const answer = await getMap(dataset.id, method, signal);
      if (signal.aborted) return;
      map = { ...index(answer), name };
    } catch (error) {
      if (signal.aborted) return;
      fetching = null;
      failed = name;
      find("map-said").textContent = "";
      note.begin(VIEW).say(error.message, true);
      if (method !== "pca") change({ axes: null });
      return;
    }
    fetching = null;
    if (failed === name) note.begin(VIEW).say("");
    paint({ keepView: false });
    legend();
  } else paint({ keepView: true });
  describe();
}

/** Which axes are wanted; what the page does not offer is the usual ones. */
export const axes = () => (state.axes === "umap" ? "umap" : "pca");

/** Nothing of another dataset's map may be seen or picked. */
function clear() {
  map = null;
  selection = [];
  scatter.clear();
  showTip(-1);
  find("map-selection").hidden = true;
  find("map-legend").replaceChildren();
  find("map-spoken").textContent = "";
  note.clear();
}

function index(answer) {
  const places = new Map(answer.scene_ids.map((id, place) => [id, place]));
  const dearest = Math.max(...sample(answer.costs)) || 1;
  const base = Math.min(Math.max(60 / Math.sqrt(answer.costs.length), 1.2), 8);
  return {
    ...answer,
    places,
    x: Float64Array.from(answer.x),
    y: Float64Array.from(answer.y),
    size: Float64Array.from(answer.costs, (cost) => base * (0.5 + Math.sqrt(Math.min(cost / dearest, 1)))),
    colour: Int32Array.from(answer.group_of, (group) => group ?? -2),
  };
}

/** Costs without the dearest hundredth, which would make all others dots. */
function sample(costs) {
  const sorted = [...costs].sort((a, b) => a - b);
  return [sorted[Math.floor(0.99 * (sorted.length - 1))]];
}

function paint({ keepView }) {
  const level = new Uint8Array(map.x.length);
  const mark = (ids, value) => {
    for (const id of ids) if (map.places.has(id)) level[map.places.get(id)] = value;
  };
  const { seed } = shown;
  mark((seed?.near_misses ?? []).map(({ scene_id: id }) => id), LEVEL.near);
  mark(state.exclude, LEVEL.banned);
  mark((seed?.scenes ?? []).map(({ scene_id: id }) => id), LEVEL.chosen);
  mark(state.include, LEVEL.pinned);
  scatter.show({ x: map.x, y: map.y, size: map.size, colour: map.colour, level }, palette(), { keepView });
}

/** Styles by group and level, each made once, so that equal ones are drawn together. */
function palette() {
  const [ink, card, bad] = [css("--ink"), css("--card"), css("--bad")];
  const known = new Map();
  return (colour, level) => {
    const name = colour * 8 + level;
    if (!known.has(name)) {
      const full = colour < 0 ? OTHER : groupColour(colour);
      const faint = `${full}59`;
      known.set(name, [
        { fill: faint }, { fill: faint, stroke: full }, { fill: card, stroke: bad },
        { fill: full, stroke: ink }, { fill: ink, stroke: full },
      ][level]);
    }
    return colour === -1 ? { fill: ink, stroke: ink } : known.get(name);
  };
}

function legend() {
  const names = map.groups.slice(0, shared).map((name, place) => dot(groupColour(place), name));
  if (map.groups.length > shared) {
    names.push(dot(OTHER, `${map.groups.length - shared} more ${noun(map.groups.length - shared, "group")}`));
  }
  find("map-legend").replaceChildren(...names);
}

function dot(colour, text) {
  const mark = h("span", { class: "dot", "aria-hidden": "true" });
  mark.style.setProperty("--dot", colour);
  return h("li", { title: text }, mark, h("span", { class: "cut" }, text));
}

function describe() {
  const kept = map.explained ? `Both axes keep ${percent(map.explained[0] + map.explained[1])} of the variance. ` : "";
  const count = shown.seed?.scenes.length ?? 0;
  find("map-said").textContent =
    `${kept}${number(map.x.length)} ${noun(map.x.length, "scene")}, sized by cost; ${number(count)} chosen.`;
  find("map-canvas").setAttribute("aria-label",
    `Map of ${map.x.length} scenes, ${count} chosen. Arrow keys go from scene to scene, Enter opens, P pins, B bans.`);
}

function facts(place) {
  const { seed } = shown;
  const id = map.scene_ids[place];
  const chosen = seed?.scenes.find((scene) => scene.scene_id === id);
  const group = map.group_of[place];
  const { pinned, banned } = rulesOf(id);
  return [
    `${number(map.costs[place])} ${map.resource}`,
    group === null ? null : map.groups[group],
    chosen ? `rank ${chosen.rank}` : null,
    pinned ? "pinned" : null,
    banned ? "banned" : null,
  ].filter(Boolean).join(" · ");
}

function showTip(place, x, y) {
  const tip = find("map-tip");
  find("map-canvas").classList.toggle("over", place >= 0);
  tip.hidden = place < 0;
  if (place < 0) {
    tip.dataset.place = "";
    return;
  }
  if (tip.dataset.place !== String(place)) {
    tip.dataset.place = String(place);
    const id = map.scene_ids[place];
    tip.replaceChildren(picture(shown.dataset.id, id),
      h("strong", { class: "cut" }, id), h("span", { class: "quiet" }, facts(place)));
  }
  const { clientWidth: width, clientHeight: height } = find("map-canvas");
  tip.style.setProperty("--x", `${Math.min(Math.max(x, 100), width - 100)}px`);
  tip.style.setProperty("--y", `${y}px`);
  tip.classList.toggle("below", y < height / 2);
}

function pick(place) {
  scatter.mark(place);
  select(place < 0 ? [] : [place]);
}

/** Offer what can be done with some scenes. */
function select(places) {
  selection = places.map((place) => map.scene_ids[place]);
  scatter.ring(places.length > RINGS ? [] : places);
  const bar = find("map-selection");
  bar.hidden = places.length === 0;
  if (places.length === 0) return;
  const [only] = selection;
  const one = places.length === 1;
  // Twelve digits: what adding up thousands of fractions leaves behind is none of the cost.
  const cost = Number(places.reduce((sum, place) => sum + map.costs[place], 0).toPrecision(12));
  const label = one ? `${only} · ${facts(places[0])}` : `${number(places.length)} scenes · ${number(cost)} ${map.resource}`;
  const { pinned, banned } = rulesOf(only);
  bar.replaceChildren(
    h("strong", { class: "cut" }, label),
    one
      ? button(pinned ? "Unpin" : "Pin", () => toggleRule("include", only))
      : button("Pin all", () => setRule("include", selection)),
    one
      ? button(banned ? "Allow" : "Ban", () => toggleRule("exclude", only))
      : button("Ban all", () => setRule("exclude", selection)),
    one ? button("Neighbours", () => neighbours(only)) : "",
    one ? button("Open", () => change({ scene: only }, { step: true })) : button("Free all", () => freeScenes(selection)),
  );
}

/** Select the scenes that look most like one; on the map they need not lie nearest. */
async function neighbours(sceneId) {
  const on = map;
  const turn = note.begin("neighbours");
  try {
    const { items } = await getNeighbors(shown.dataset.id, sceneId);
    if (map === on) select([sceneId, ...items.map(({ scene_id: id }) => id)].map((id) => map.places.get(id)));
    turn.say("");
  } catch (error) {
    turn.say(error.message, true);
  }
}

/** What is selected is told anew when rules have changed. */
export function refreshSelection() {
  if (map && selection.length > 0) select(selection.map((id) => map.places.get(id)));
}

/** Mark a scene, from outside the map. */
export function markOnMap(sceneId) {
  if (map && sceneId && map.places.has(sceneId)) scatter.mark(map.places.get(sceneId));
}

/** A seed on its dataset's map as an SVG document; null where that map was not drawn. */
export function mapSvg(dataset, seed) {
  if (map?.dataset_id !== dataset.id || scatter.width === 0) return null;
  const now = shown;
  shown = { dataset, seed };
  paint({ keepView: true });
  const drawn = scatter.svg();
  shown = now;
  paint({ keepView: true });
  return drawn;
}

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

find("map-canvas").addEventListener("keydown", (event) => {
  if (!map) return;
  const id = scatter.marked >= 0 ? map.scene_ids[scatter.marked] : null;
  if (event.key in STEPS && event.shiftKey) scatter.pan(...STEPS[event.key].map((part) => -40 * part));
  else if (event.key in STEPS) {
    pick(scatter.towards(...STEPS[event.key]));
    find("map-spoken").textContent = `${map.scene_ids[scatter.marked]}, ${facts(scatter.marked)}`;
  } else if (event.key === "+" || event.key === "=") scatter.zoom(1.3);
  else if (event.key === "-") scatter.zoom(1 / 1.3);
  else if (event.key === "0") scatter.fit();
  else if (id && event.key === "Enter") change({ scene: id }, { step: true });
  else if (id && event.key.toLowerCase() === "p") toggleRule("include", id);
  else if (id && event.key.toLowerCase() === "b") toggleRule("exclude", id);
  else return;
  event.preventDefault();
});

find("map-lasso").addEventListener("click", (event) => {
  const on = scatter.mode !== "lasso";
  scatter.mode = on ? "lasso" : "pan";
  event.currentTarget.setAttribute("aria-pressed", on);
  find("map-canvas").classList.toggle("lasso", on);
});
find("map-in").addEventListener("click", () => scatter.zoom(1.5));
find("map-out").addEventListener("click", () => scatter.zoom(1 / 1.5));
find("map-fit").addEventListener("click", () => scatter.fit());
find("map-axes").addEventListener("change", (event) => {
  note.clear();
  change({ axes: event.target.value === "pca" ? null : event.target.value });
});
find("map-png").addEventListener("click", () => map && find("map-canvas").toBlob((blob) => save(blob, "map.png")));
find("map-svg").addEventListener("click", () => map && save(new Blob([scatter.svg()], { type: "image/svg+xml" }), "map.svg"));
onTheme(() => map && paint({ keepView: true }));
