// Two seeds side by side: what both choose, and what only one of them does.

import { createSeed, finished, getSeed, listSeeds } from "./api.js";
import { button, find, h } from "./dom.js";
import { picture } from "./pictures.js";
import { seedRequest } from "./questions.js";
import { oneOfEach } from "./rules.js";
import { change, state } from "./state.js";
import { StatusLine, VIEW } from "./status.js";
import { noun, number, percent, proof, rounded } from "./words.js";

const SIDES = ["left", "right"];
const MOST = 120; // scenes a list shows
const line = new StatusLine("compare-said");
let running = new AbortController();
let asked = null; // ends the question that is under way
let context = null; // {dataset, seed}
let known = new Map(); // seeds by id
let offered = null; // {datasetId, seeds}: summaries to choose from

const title = (summary) =>
  `${summary.scene_count ?? summary.scenes.length} scenes · ${percent(summary.budget.fraction)} · `
  + `${summary.objective_name ?? summary.solver.objective} · ${summary.strategy ?? summary.solver.strategy} · `
  + new Date(summary.created_at).toLocaleTimeString();

/** Show two seeds of a dataset; where none is named, the current one is on the left. */
export async function showCompare(dataset, seed) {
  if (context?.dataset.id !== dataset.id) {
    asked?.abort();
    line.clear();
  }
  context = { dataset, seed };
  running.abort();
  running = new AbortController();
  const { signal } = running;
  const turn = line.begin(VIEW);
  try {
    if (seed) known.set(seed.id, seed);
    if (offered?.datasetId !== dataset.id || (seed && !offered.seeds.some(({ id }) => id === seed.id))) {
      const seeds = await listSeeds(dataset.id);
      if (signal.aborted) return;
      offered = { datasetId: dataset.id, seeds };
    }
    const ids = offered.seeds.map(({ id }) => id);
    const left = state.left ?? seed?.id ?? ids[0];
    const right = state.right ?? ids.find((id) => id !== left);
    const pair = { left, right };
    for (const side of SIDES) choices(side, pair[side]);
    const [one, other] = await Promise.all(SIDES.map((side) => fetchSeed(pair[side], signal)));
    if (signal.aborted) return;
    if ([one, other].some((found) => found && found.dataset_id !== dataset.id)) {
      throw new Error("One of these seeds is of another dataset. Choose two of this one.");
    }
    turn.say(one && other ? "" : "Ask for a second seed to compare: another budget, objective or strategy.");
    if (one && other) show(dataset, one, other);
    find("compare-shown").hidden = !(one && other);
  } catch (error) {
    if (signal.aborted) return;
    turn.say(error.message, true);
    find("compare-shown").hidden = true;
  }
}

async function fetchSeed(id, signal) {
  if (!id) return null;
  if (!known.has(id)) known.set(id, await getSeed(id, signal));
  return known.get(id);
}

function choices(side, id) {
  const options = offered.seeds.map((summary) => new Option(title(summary), summary.id));
  const named = known.get(id);
  if (named && !offered.seeds.some((summary) => summary.id === id)) options.unshift(new Option(title(named), id));
  find(`compare-${side}`).replaceChildren(...options);
  if (id) find(`compare-${side}`).value = id;
}

function show(dataset, left, right) {
  const ids = (seed) => new Set(seed.scenes.map(({ scene_id: id }) => id));
  const [one, other] = [ids(left), ids(right)];
  const both = left.scenes.filter(({ scene_id: id }) => other.has(id));
  const onlyLeft = left.scenes.filter(({ scene_id: id }) => !other.has(id));
  const onlyRight = right.scenes.filter(({ scene_id: id }) => !one.has(id));
  const union = one.size + onlyRight.length;
  find("compare-sum").textContent = `${dataset.name}: ${number(both.length)} of ${number(union)} scenes are in both`
    + ` (${percent(union > 0 ? both.length / union : 1)}).`;
  find("compare-facts").replaceChildren(h("thead", {}, h("tr", {}, h("td"), h("th", { scope: "col" }, "Left"), h("th", { scope: "col" }, "Right"))),
    h("tbody", {}, ...rows(left, right).map(([name, ...cells]) =>
      h("tr", {}, h("th", { scope: "row" }, name), ...cells.map((cell) => h("td", {}, cell))))));
  list("compare-only-left", `Only left: ${onlyLeft.length}`, dataset, onlyLeft);
  list("compare-both", `In both: ${both.length}`, dataset, both);
  list("compare-only-right", `Only right: ${onlyRight.length}`, dataset, onlyRight);
}

function rows(left, right) {
  const row = (name, value) => [name, value(left), value(right)];
  const comparable = left.solver.objective === right.solver.objective;
  return [
    row("Budget", ({ budget }) => `${rounded(budget.limit)} ${budget.resource} (${percent(budget.fraction)})`),
    row("Cost", (seed) => `${rounded(seed.total_cost)} ${seed.budget.resource}`),
    row("Scenes", (seed) => number(seed.scenes.length)),
    row(comparable ? "Objective" : "Objective (not comparable)", (seed) => `${seed.objective.toPrecision(6)} (${seed.solver.objective})`),
    row("Strategy", (seed) => (seed.solver.strategy === seed.solver.used ? seed.solver.used : `${seed.solver.strategy} (${seed.solver.used})`)),
    row("Proof", proof),
    row("Rules", ({ constraints }) => `${constraints.include.length} pinned, ${constraints.exclude.length} banned`
      + (constraints.one_of_each_duplicate ? `, one of each duplicate from ${constraints.one_of_each_duplicate} on` : "")),
  ];
}

function list(id, heading, dataset, scenes) {
  const items = scenes.slice(0, MOST).map((scene) => h("li", {},
    picture(dataset.id, scene.scene_id),
    button(scene.scene_id, () => change({ scene: scene.scene_id }, { step: true }), { class: "link cut", title: scene.scene_id }),
    h("span", { class: "quiet" }, `rank ${scene.rank}`)));
  if (scenes.length > MOST) items.push(h("li", { class: "quiet" }, `and ${scenes.length - MOST} ${noun(scenes.length - MOST, "other")}`));
  find(id).replaceChildren(h("h3", {}, heading), h("ul", { class: "smalls" }, ...items));
}

/** Ask for a seed of another budget, objective or strategy, and put it on a side. */
async function ask(event) {
  event.preventDefault();
  const { dataset } = context;
  const turn = line.begin("form");
  const share = Number(find("compare-budget").value) / 100;
  if (!(share > 0 && share <= 1)) {
    turn.say("The budget is a percentage above 0 and up to 100.", true);
    return;
  }
  const question = {
    limit: share * dataset.total_cost, objective: find("compare-objective").value,
    include: state.include, exclude: state.exclude, oneOfEach: oneOfEach(),
  };
  const options = { gap: 0, seconds: 10, strategy: find("compare-strategy").value };
  asked?.abort();
  const mine = new AbortController(); // not that of what is shown: an answer may come meanwhile
  asked = mine;
  const { signal } = mine;
  turn.say("Being answered …");
  try {
    const answer = await createSeed(dataset.id, seedRequest(question, options), { signal });
    const seed = "percent_complete" in answer
      ? await getSeed((await finished(answer, signal)).seed_id, signal)
      : answer;
    if (signal.aborted || state.dataset !== dataset.id) return;
    known.set(seed.id, seed);
    offered = null;
    line.clear(); // the view's words were about the pair that was there before
    change({ [find("compare-side").value]: seed.id }, { step: true });
  } catch (error) {
    if (!signal.aborted) turn.say(error.message, true);
  } finally {
    if (asked === mine) asked = null;
  }
}

find("compare-form").addEventListener("submit", ask);
for (const side of SIDES) {
  find(`compare-${side}`).addEventListener("change", (event) => change({ [side]: event.target.value }, { step: true }));
}
