// What the ledger of labels says: how far a dataset is labelled, which scene is queued, the next round.

import { listLabels } from "./api.js";
import { button, find, h } from "./dom.js";
import { markStates } from "./gallery.js";
import { change, state } from "./state.js";
import { noun, number } from "./words.js";

const NEXT = "next";
let known = null; // {datasetId, labels}: what is said of the dataset's scenes

/** Whether the question is about the next round. */
export const isNextRound = () => state.round === NEXT;

/** Ask how far a dataset is labelled; nothing is shown where nobody may know, or nothing is. */
export async function showRounds(dataset) {
  if (known?.datasetId === dataset.id) {
    render(dataset);
    return;
  }
  known = { datasetId: dataset.id, labels: null };
  render(dataset);
  const labels = await listLabels(dataset.id).catch(() => null); // no scope, or no such dataset any more
  if (known.datasetId !== dataset.id) return;
  known.labels = labels;
  render(dataset);
}

/** Something was said of scenes: ask again. */
export function forgetLabels(dataset) {
  if (known?.datasetId !== dataset.id) return;
  known = null;
  showRounds(dataset);
}

function render(dataset) {
  const labels = known?.labels ?? null;
  markStates(new Map((labels?.items ?? []).map((item) => [item.scene_id, item.state])));
  const some = labels !== null && labels.labelled_count > 0;
  find("round").hidden = !some;
  if (!some) return;
  const cost = labels.labelled_cost[dataset.resource] ?? 0;
  const spent = Object.entries(labels.spent).map(([unit, amount]) => `${number(amount)} ${unit}`).join(", ");
  find("round").replaceChildren(
    h("span", { class: "quiet" },
      `${number(labels.labelled_count)} ${noun(labels.labelled_count, "scene")} labelled, `
      + `${dataset.resource}: ${number(cost)}${spent ? `; it took ${spent}` : ""}`),
    button("Next round", () => change({ round: isNextRound() ? null : NEXT }, { step: true }),
      { class: "chip", "aria-pressed": String(isNextRound()), title: "Labelled scenes count, are paid from the budget, and are not chosen again" }),
  );
}
