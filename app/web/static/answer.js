// The answer beside the pictures: how many scenes, what they cost, how good the choice is.

import { copy, curl } from "./calls.js";
import { exportSeed, getCertificate, getProblem, seedsUrl } from "./api.js";
import { button, find, h, save } from "./dom.js";
import { StatusLine } from "./status.js";
import { certified, finder, noun, number, percent, proof } from "./words.js";

const REDAL_SOURCES = new Set(["s3dis", "semantic_kitti"]);

/** What became of downloads; every button speaks for itself. */
export const downloadsLine = new StatusLine("downloads-error");

const copyLine = new StatusLine("copy-done");
let command = ""; // a call that gives the seed that is shown

function formats(dataset, seed) {
  const stem = `seed-${seed.id.slice(-6)}`;
  const all = [
    ["JSON", "json", () => exportSeed(seed.id, "json")],
    ["CSV", "csv", () => exportSeed(seed.id, "csv")],
    ["JSON Lines", "jsonl", () => exportSeed(seed.id, "jsonl")],
    ["Priorities", "priorities.csv", () => exportSeed(seed.id, "priorities")],
    ["Contact sheet", "png", () => exportSeed(seed.id, "contact_sheet")],
    ["Certificate", "certificate.json", () => getCertificate(seed.id), "The certificate is being made …"],
    ["Problem", "npz", () => getProblem(seed.id)],
  ];
  if (REDAL_SOURCES.has(dataset.source?.kind)) all.push(["ReDAL", "zip", () => exportSeed(seed.id, "redal")]);
  return all.map(([label, ending, make, meanwhile = ""]) => [label, `${stem}.${ending}`, make, meanwhile]);
}

function downloads(dataset, seed) {
  return formats(dataset, seed).map(([label, name, make, meanwhile]) => {
    const node = button(label, async () => {
      const turn = downloadsLine.begin(label);
      turn.say(meanwhile);
      node.disabled = true;
      try {
        save(await make(), name);
        turn.say("");
      } catch (error) {
        turn.say(`${label}: ${error.message}`, true);
      }
      node.disabled = false;
    }, { class: "link" });
    return node;
  });
}

/** Show a seed and how it was asked for; `isFinal` tells whether a better one may still come. */
export function showAnswer(dataset, seed, isFinal, request) {
  command = curl("POST", seedsUrl(dataset.id), { "Content-Type": "application/json" }, JSON.stringify(request));
  const { limit, resource, spent = null } = seed.budget;
  const count = seed.scenes.length;
  const used = limit > 0 ? Math.min(seed.total_cost / limit, 1) : 0;
  find("answer-count").textContent = number(count);
  find("answer-noun").textContent = `${noun(count, "scene")} of ${number(dataset.usable_scene_count)}`;
  find("answer-bar").value = used;
  find("answer-cost").textContent =
    `${number(seed.total_cost)} of ${number(limit)} ${resource} used (${percent(used)})`
    + (spent === null ? "" : `; labelled scenes took ${number(spent)}`);
  find("answer-objective").textContent =
    `Objective (${seed.solver.objective}): ${seed.objective.toPrecision(6)}`;
  showProof(proof(seed), seed.status, isFinal ? "" : "Still looking for a better one …");
  find("answer-solver").textContent = finder(seed);
  find("answer-notes").replaceChildren(...seed.solver.notes.map((note) => h("li", {}, note)));
  find("downloads").replaceChildren(...downloads(dataset, seed));
  find("copy-text").hidden = true;
  find("answer").hidden = false;
}

function showProof(sentence, status, hope) {
  find("answer-proof").textContent = sentence;
  find("answer-proof").dataset.status = status;
  find("answer-live").textContent = hope;
}

/** Show how far the search for a better seed, or a proof, has come. */
export function showLive(seed, operation) {
  if (operation.status === "not_started") {
    find("answer-live").textContent = "Waiting for a worker to look for a better one …";
    return;
  }
  if (operation.incumbent === null || operation.upper_bound === null) return;
  // Both searches are right, so the better of both their sides is.
  const best = Math.max(seed.objective, operation.incumbent);
  const bound = Math.min(seed.upper_bound ?? Infinity, operation.upper_bound);
  const apart = Math.max(bound - best, 0);
  const gap = apart === 0 ? 0 : best === 0 ? null : apart / Math.abs(best);
  const found = best > seed.objective * (1 + 1e-9) ? `, ${percent(best / seed.objective - 1)} better found` : "";
  showProof(certified(gap), gap === 0 ? "optimal" : "feasible",
    `Still looking: ${Math.round(operation.elapsed_s ?? 0)} s${found} …`);
}

/** Say why no better seed was looked for to the end; the one that is shown stays. */
export function showEnd(error) {
  find("answer-live").textContent = `The search for a better one has ended: ${error.message}`;
}

export function hideAnswer() {
  find("answer").hidden = true;
  downloadsLine.clear();
}

find("copy").addEventListener("click", async () => {
  const turn = copyLine.begin("copy");
  find("copy-text").textContent = command;
  const done = await copy(command, find("copy-text"));
  find("copy-text").hidden = done;
  turn.say(done ? "Copied" : "");
  setTimeout(() => turn.say(""), 2000);
});
