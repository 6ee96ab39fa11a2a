// The answer beside the gallery: how many scenes, what they cost, how good the choice is.

import { exportUrl, seedRequest } from "./api.js";
import { curl, finder, noun, number, percent, proof } from "./words.js";

const FORMATS = [
  ["json", "JSON"],
  ["csv", "CSV"],
  ["contact_sheet", "Contact sheet"],
];
const REDAL_SOURCES = new Set(["s3dis", "semantic_kitti"]);

const find = (id) => document.getElementById(id);

function downloads(dataset, seed) {
  const redal = REDAL_SOURCES.has(dataset.source?.kind) ? [["redal", "ReDAL"]] : [];
  return [...FORMATS, ...redal].map(([format, label]) => {
    const link = document.createElement("a");
    link.href = exportUrl(seed, format);
    link.textContent = label;
    link.download = "";
    return link;
  });
}

function notes(seed) {
  return seed.solver.notes.map((note) => {
    const item = document.createElement("li");
    item.textContent = note;
    return item;
  });
}

export function showAnswer(dataset, seed) {
  const { limit, resource } = seed.budget;
  const count = seed.scenes.length;
  const used = limit > 0 ? Math.min(seed.total_cost / limit, 1) : 0;
  find("answer-count").textContent = number(count);
  find("answer-noun").textContent = `${noun(count, "scene")} of ${number(dataset.usable_scene_count)}`;
  find("answer-bar").value = used;
  find("answer-cost").textContent =
    `${number(seed.total_cost)} of ${number(limit)} ${resource} used (${percent(used)})`;
  find("answer-proof").textContent = proof(seed);
  find("answer-proof").dataset.status = seed.status;
  find("answer-solver").textContent = finder(seed);
  find("answer-notes").replaceChildren(...notes(seed));
  find("downloads").replaceChildren(...downloads(dataset, seed));
  find("copy-text").hidden = true;
  find("answer").hidden = false;
}

export function hideAnswer() {
  find("answer").hidden = true;
}

/** Copy the request for a seed; where the clipboard is closed to the page, show it instead. */
export async function copyAsCurl(dataset, limit) {
  const { url, body } = seedRequest(dataset, limit);
  const text = curl(url, body);
  const done = find("copy-done");
  try {
    await navigator.clipboard.writeText(text);
    done.textContent = "Copied";
    setTimeout(() => { done.textContent = ""; }, 2000);
  } catch {
    find("copy-text").textContent = text;
    find("copy-text").hidden = false;
    find("copy-text").focus();
  }
}
