// The chosen scenes in rank order. Cards are kept between answers, so pictures load once.

import { thumbnailUrl } from "./api.js";
import { noun, number, percent } from "./words.js";

function element(tag, className, text = "") {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = text;
  return node;
}

function picture(dataset, sceneId) {
  const frame = element("div", "picture");
  const image = element("img", "");
  image.alt = "";
  image.loading = "lazy";
  image.decoding = "async";
  image.addEventListener("error", () => {
    frame.replaceChildren(element("span", "quiet", "no picture"));
  });
  image.src = thumbnailUrl(dataset, sceneId);
  frame.append(image);
  return frame;
}

function card(dataset, sceneId) {
  const item = element("li", "card");
  const name = element("p", "name", sceneId);
  name.title = sceneId;
  const parts = {
    rank: element("span", "rank"),
    cost: element("p", "cost"),
    bar: element("div", "gain"),
    worth: element("p", "worth quiet"),
  };
  parts.bar.append(element("div", "gain-fill"));
  parts.worth.title = "How much lower the objective would be without this scene";
  item.append(picture(dataset, sceneId), parts.rank, name, parts.cost, parts.bar, parts.worth);
  return { item, parts };
}

/** What would be lost without a scene, and for how many others it stands. */
function worthOf(scene, seed) {
  const share = seed.objective > 0 ? Math.max(scene.gain, 0) / seed.objective : 0;
  const others = scene.represents;
  const stands = others > 0 ? `, stands for ${number(others)} ${noun(others, "scene")}` : "";
  return `worth ${percent(share)}${stands}`;
}

export class Gallery {
  constructor(list) {
    this.list = list;
    this.clear();
  }

  clear() {
    this.cards = new Map();
    this.list.replaceChildren();
  }

  show(dataset, seed) {
    const unit = seed.budget.resource;
    const most = Math.max(...seed.scenes.map((scene) => scene.gain), 0) || 1;
    const kept = new Map();
    for (const scene of seed.scenes) {
      const known = this.cards.get(scene.scene_id) ?? card(dataset, scene.scene_id);
      const { rank, cost, bar, worth } = known.parts;
      rank.textContent = scene.rank;
      cost.textContent = `${number(scene.cost)} ${unit}`;
      bar.style.setProperty("--share", Math.max(scene.gain, 0) / most);
      worth.textContent = worthOf(scene, seed);
      kept.set(scene.scene_id, known);
    }
    this.cards = kept;
    this.list.replaceChildren(...[...kept.values()].map((known) => known.item));
  }
}
