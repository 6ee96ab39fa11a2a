// What is asked: the one place that turns what is set on the page into requests.

import { listObjectives } from "./api.js";
import { find } from "./dom.js";

/** What is maximised where nothing else is said: the server's own default. */
export const DEFAULT_OBJECTIVE = "recommended";

/** The objectives by name, as the server lists them; empty until they are loaded. */
export const objectives = new Map();

/** Load the objectives once, and offer them wherever one is chosen. */
export async function loadObjectives() {
  if (objectives.size > 0) return;
  for (const one of await listObjectives()) objectives.set(one.name, one);
  for (const id of ["objective", "compare-objective"]) {
    find(id).replaceChildren(...[...objectives.values()].map(({ name, label }) => new Option(label, name)));
  }
}

/** A request for a seed; what is left at its default is left out. */
export function seedRequest({ limit, hint = null, ...asked }, { gap, seconds, strategy }) {
  return {
    budget: { limit, ...(asked.isNextRound ? { includes_labelled: true } : {}) },
    ...rules(asked),
    ...(hint === null ? {} : { hint }),
    ...(strategy && strategy !== "auto" ? { strategy } : {}),
    ...(gap > 0 ? { gap } : {}),
    time_limit_s: seconds,
  };
}

/** A request for a frontier of this many budgets between two parts of everything. */
export function frontierRequest(asked, { from, to, steps, nested, baselines }) {
  return {
    budgets: { from, to, steps },
    ...rules(asked),
    ...(nested ? { nested } : {}),
    ...(baselines.length > 0 ? { baselines } : {}),
    time_limit_s: 25,
  };
}

function rules({ objective, include, exclude, oneOfEach, isNextRound = false }) {
  const constraints = {
    ...(isNextRound ? { labelled_from: "ledger", keep_queued: true } : {}),
    ...(include.length > 0 ? { include } : {}),
    ...(exclude.length > 0 ? { exclude } : {}),
    ...(oneOfEach === null ? {} : { one_of_each_duplicate: oneOfEach }),
  };
  return {
    ...(objective === DEFAULT_OBJECTIVE ? {} : { objective }),
    ...(Object.keys(constraints).length > 0 ? { constraints } : {}),
  };
}
