// What is asked: the one place that turns what is set on the page into requests.

/** The objectives, with what each prefers. */
export const OBJECTIVES = {
  seedal: ["SeedAL", "the paper's: scenes that differ from each other and within themselves"],
  auto: ["Automatic", "coverage or k-center, by how much scenes repeat each other"],
  pairwise: ["Pairwise", "scenes that differ from each other"],
  centred: ["Centred", "the paper's, around the pool's mean"],
  coverage: ["Coverage", "everything that is to be seen, seen at least once"],
  facility_location: ["Facility location", "every scene has a chosen one that is like it"],
  k_center: ["K-center", "no scene is far from a chosen one"],
  spread: ["Spread", "chosen scenes span as large a volume as they can"],
  balanced: ["Balanced", "coverage and worth per cost, mixed"],
};

/** A request for a seed; what is left at its default is left out. */
export function seedRequest({ limit, ...asked }, { gap, seconds, strategy }) {
  return {
    budget: { limit },
    ...rules(asked),
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

function rules({ objective, include, exclude, oneOfEach }) {
  const constraints = {
    ...(include.length > 0 ? { include } : {}),
    ...(exclude.length > 0 ? { exclude } : {}),
    ...(oneOfEach === null ? {} : { one_of_each_duplicate: oneOfEach }),
  };
  return {
    ...(objective === "seedal" ? {} : { objective }),
    ...(Object.keys(constraints).length > 0 ? { constraints } : {}),
  };
}
