// The chosen scenes in rank order, and those that nearly were. Cards are kept between answers.

import { button, find, h } from "./dom.js";
import { picture, whenSeen } from "./pictures.js";
import { rulesOf, toggleRule } from "./rules.js";
import { change } from "./state.js";
import { noun, number, percent } from "./words.js";

const STEP = 60; // cards that are made at once

function shell(dataset, sceneId) {
  const open = () => change({ scene: sceneId }, { step: true });
  const parts = {
    rank: h("span", { class: "rank" }),
    said: h("span", { class: "said" }),
    cost: h("p", { class: "cost" }),
    fill: h("div", { class: "gain-fill" }),
    worth: h("p", { class: "worth quiet" }),
    pin: button("Pin", () => toggleRule("include", sceneId)),
    ban: button("Ban", () => toggleRule("exclude", sceneId)),
  };
  parts.pin.setAttribute("aria-label", `Pin ${sceneId}: always choose it`);
  parts.ban.setAttribute("aria-label", `Ban ${sceneId}: never choose it`);
  const name = button(sceneId, open, { class: "name link", title: sceneId });
  const frame = picture(dataset.id, sceneId);
  frame.addEventListener("click", open);
  const item = h("li", { class: "card", "data-scene": sceneId },
    frame, parts.rank, parts.said, name, parts.cost,
    h("div", { class: "gain" }, parts.fill), parts.worth,
    h("div", { class: "row card-actions" }, parts.pin, parts.ban));
  return { item, parts };
}

/** What would be lost without a scene, and for how many others it stands. */
function worthOf(scene, seed) {
  const share = seed.objective > 0 ? Math.max(scene.gain, 0) / seed.objective : 0;
  const others = scene.represents;
  const stands = others > 0 ? `, stands for ${number(others)} ${noun(others, "scene")}` : "";
  return `worth ${percent(share)}${stands}`;
}

let states = new Map(); // what the ledger of labels says of scenes

function say(card, sceneId) {
  const said = states.get(sceneId) ?? "";
  card.parts.said.textContent = said === "removed" ? "" : said;
  card.item.dataset.said = said;
}

/** A long list of cards, of which as many are made as are looked at. */
class Cards {
  constructor(list) {
    this.list = list;
    this.known = new Map();
  }

  clear() {
    this.known = new Map();
    this.list.replaceChildren();
  }

  show(dataset, scenes, fill) {
    const kept = new Map();
    const make = (scene) => {
      const card = this.known.get(scene.scene_id) ?? shell(dataset, scene.scene_id);
      fill(card.parts, scene);
      say(card, scene.scene_id);
      const { pinned, banned } = rulesOf(scene.scene_id);
      card.parts.pin.setAttribute("aria-pressed", pinned);
      card.parts.ban.setAttribute("aria-pressed", banned);
      kept.set(scene.scene_id, card);
      return card.item;
    };
    const more = (from) => {
      const items = scenes.slice(from, from + STEP).map(make);
      if (from + STEP < scenes.length) {
        const sentinel = h("li", { class: "more quiet" },
          `${number(scenes.length - from - STEP)} more`);
        whenSeen(sentinel, () => sentinel.replaceWith(...more(from + STEP)));
        items.push(sentinel);
      }
      return items;
    };
    this.list.replaceChildren(...more(0));
    this.known = kept;
  }
}

const chosen = new Cards(find("gallery"));
const near = new Cards(find("near"));

/** Mark the cards of scenes that are queued, labelled or skipped. */
export function markStates(said) {
  states = said;
  for (const cards of [chosen, near]) cards.known.forEach(say);
}

export function clearGallery() {
  chosen.clear();
  near.clear();
  find("near-section").hidden = true;
}

export function showGallery(dataset, seed) {
  const unit = seed.budget.resource;
  const most = seed.scenes.reduce((top, scene) => Math.max(top, scene.gain), 0) || 1;
  chosen.show(dataset, seed.scenes, (parts, scene) => {
    parts.rank.textContent = scene.rank;
    parts.cost.textContent = `${number(scene.cost)} ${unit}`;
    parts.fill.style.setProperty("--share", Math.max(scene.gain, 0) / most);
    parts.worth.textContent = worthOf(scene, seed);
    parts.worth.title = "How much lower the objective would be without this scene";
  });
  const misses = seed.near_misses ?? [];
  find("near-section").hidden = misses.length === 0;
  near.show(dataset, misses, (parts, scene) => {
    parts.rank.hidden = true;
    parts.cost.textContent = `${number(scene.cost)} ${unit}`;
    parts.fill.style.setProperty("--share", Math.min(Math.max(scene.gain, 0) / most, 1));
    const like = scene.represented_by === null ? "" : `; most like ${scene.represented_by}`;
    parts.worth.textContent = `would add ${percent(Math.max(scene.gain, 0) / (seed.objective || 1))}${like}`;
  });
}
