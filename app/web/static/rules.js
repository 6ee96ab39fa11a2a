// Scenes that must be chosen and scenes that must not: pinned and banned.

import { button, find, h } from "./dom.js";
import { change, state } from "./state.js";

const NAMES = { include: "Pinned", exclude: "Banned" };

export const rulesOf = (sceneId) => ({
  pinned: state.include.includes(sceneId),
  banned: state.exclude.includes(sceneId),
});

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
}
