// Scenes that must be chosen, scenes that must not, and of near duplicates only one.

import { button, find, h } from "./dom.js";
import { change, state } from "./state.js";

const LEAST = 0.9; // what is less alike is no duplicate to the server
const USUAL = 0.95;
const NAMES = { include: "Pinned", exclude: "Banned" };

export const rulesOf = (sceneId) => ({
  pinned: state.include.includes(sceneId),
  banned: state.exclude.includes(sceneId),
});

/** The cosine from which scenes count as near duplicates. */
export function threshold() {
  const value = Number(state.threshold ?? USUAL);
  return value >= LEAST && value <= 1 ? value : USUAL;
}

/** The threshold, where at most one scene of each group is to be chosen; else null. */
export const oneOfEach = () => (state.unique === "1" ? threshold() : null);

const without = (list, sceneIds) => list.filter((id) => !sceneIds.includes(id));

/** Pin or ban a scene, or take that back; a scene is never both. */
export function toggleRule(rule, sceneId) {
  if (state[rule].includes(sceneId)) change({ [rule]: without(state[rule], [sceneId]) }, { step: true });
  else setRule(rule, [sceneId]);
}

/** Pin or ban many scenes. */
export function setRule(rule, sceneIds) {
  const other = rule === "include" ? "exclude" : "include";
  change({
    [rule]: [...without(state[rule], sceneIds), ...sceneIds],
    [other]: without(state[other], sceneIds),
  }, { step: true });
}

export const freeScenes = (sceneIds) =>
  change({ include: without(state.include, sceneIds), exclude: without(state.exclude, sceneIds) },
    { step: true });

/** List them, each with a way out. */
export function showRules() {
  for (const [rule, name] of Object.entries(NAMES)) {
    const ids = state[rule];
    find(`${rule}-rules`).hidden = ids.length === 0;
    find(`${rule}-rules`).replaceChildren(
      h("span", { class: "quiet" }, `${name}: ${ids.length}`),
      ...ids.slice(0, 12).map((id) =>
        button(id, () => toggleRule(rule, id), { class: "chip", "aria-label": `${name}: ${id}. Remove` })),
      ids.length > 1 ? button("Clear", () => freeScenes(ids), { class: "chip plain" }) : "",
    );
  }
  const least = oneOfEach();
  find("unique-rule").hidden = least === null;
  find("unique-rule").replaceChildren(
    h("span", { class: "quiet" }, `One of each near duplicate, from ${least} on`),
    button("Clear", () => change({ unique: null }, { step: true }), { class: "chip plain", "aria-label": "Allow near duplicates" }),
  );
}
