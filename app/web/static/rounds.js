// The next round: what the ledger of labels says is labelled counts, and is paid from the budget.

import { getLabels } from "./api.js";
import { button, find, h } from "./dom.js";
import { change, state } from "./state.js";
import { noun, number } from "./words.js";

const NEXT = "next";
let known = null; // {datasetId, labels}: how far the dataset is labelled

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
  const labels = await getLabels(dataset.id).catch(() => null); // no scope, or no such dataset any more
  if (known.datasetId !== dataset.id) return;
  known.labels = labels;
  render(dataset);
}

function render(dataset) {
  const labels = known?.labels ?? null;
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
