// Numbers and sentences for people.

const grouped = new Intl.NumberFormat("en", { maximumSignificantDigits: 15 });
const short = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });

export const number = (value) => grouped.format(value);
export const rounded = (value) => short.format(value);

/** A share as a percentage: two digits of it at least, never a false 0 or 100. */
export function percent(share) {
  const value = 100 * share;
  if (value > 0 && value < 0.01) return "less than 0.01\u00a0%";
  if (value < 100 && value > 99.9) return "over 99.9\u00a0%";
  const digits = value >= 10 ? 1 : 2;
  return `${new Intl.NumberFormat("en", { maximumFractionDigits: digits }).format(value)}\u00a0%`;
}

export const noun = (count, word) => (count === 1 ? word : `${word}s`);

/** What a gap promises, in one sentence. */
export function certified(gap) {
  if (gap === null || gap === undefined) return "How much better another choice could be is not known.";
  if (gap === 0) return "Proven: no other choice is better.";
  if (gap < 1e-4) return `Any other choice is ${percent(gap)} better, if at all.`;
  return `No other choice can be more than ${percent(gap)} better.`;
}

/** What a seed's status and gap promise. */
export function proof(seed) {
  if (seed.status === "infeasible") return "No choice keeps every rule.";
  return seed.status === "optimal" ? certified(0) : certified(seed.gap);
}

/** How long something takes, as people say it. */
export function duration(seconds) {
  if (seconds < 90) return `${Math.max(Math.round(seconds), 1)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

const SOLVERS = {
  greedy: "the greedy heuristic",
  local_search: "local search",
  exact: "exact search",
  cp_sat: "CP-SAT",
  scip: "SCIP",
  highs: "HiGHS",
  pulp: "CBC (PuLP)",
};

const STOPPED = {
  time_limit: "stopped by the time limit",
  gap_reached: "stopped at the gap asked for",
  cancelled: "cancelled",
  exhausted: "it had nothing more to try",
};

/** Who found a seed, and how long it took. */
export function finder(seed) {
  const { used, seconds } = seed.solver;
  const spent = seconds < 0.01 ? "less than 0.01" : seconds.toPrecision(2);
  const end = STOPPED[seed.stop_reason];
  return `Found by ${SOLVERS[used] ?? used} in ${spent} s${end ? `; ${end}` : ""}.`;
}
