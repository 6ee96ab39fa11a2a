// The frontier: what each budget would buy, how good that is, and where more stops paying.

import { createFrontier, finished, getFrontier } from "./api.js";
import { CONFIG, layout, plotly, savePicture } from "./charts.js";
import { css, onTheme } from "./colours.js";
import { button, find, h } from "./dom.js";
import { frontierRequest } from "./questions.js";
import { change, state } from "./state.js";
import { StatusLine, VIEW } from "./status.js";
import { certified, noun, number, percent, rounded } from "./words.js";

const STEPS = 40;
const LARGE = 2_000; // scenes from which fewer steps and baselines are asked for
const BASELINES = { random: "Random, 20 draws", greedy: "Greedy", kmeans: "K-means" };

const line = new StatusLine("frontier-said");
const known = new Map(); // request -> frontier
let asked = null; // the request that is wanted: shown, under way, or failed
let failed = false;
let running = new AbortController();
let drawn = null; // {dataset, frontier}

const chart = find("frontier-chart");

function request(question) {
  const { dataset } = question;
  const small = dataset.usable_scene_count <= LARGE;
  const cheapest = (question.include.length > 0 ? 5 : 1) * (dataset.cheapest_cost / dataset.total_cost);
  const from = Math.min(Math.max(cheapest, 0.005), 0.25);
  return frontierRequest(question, {
    from,
    to: dataset.usable_scene_count < 10 ? 1 : 0.5,
    steps: small ? STEPS : STEPS / 2,
    nested: state.nested === "1",
    baselines: small ? Object.keys(BASELINES) : ["random", "greedy"],
  });
}

/** Show the frontier of a question; its budget only moves a line. */
export async function showFrontier(question) {
  const { dataset } = question;
  const body = request(question);
  const name = JSON.stringify([dataset.id, body]);
  if (name === asked && !known.has(name)) return;
  if (name !== asked) {
    asked = name;
    running.abort(); // what was asked before would be drawn over this
    running = new AbortController();
  }
  const { signal } = running;
  try {
    if (!known.has(name)) {
      busy("Every budget is being answered …");
      known.set(name, await made(dataset.id, body, signal));
    }
    await draw(dataset, known.get(name), Number(state.budget), signal);
  } catch (error) {
    if (signal.aborted) return;
    failed = true;
    busy(error.message, true);
  }
}

/** Another view is shown: what failed is asked for again when somebody comes back. */
export function leaveFrontier() {
  if (failed) asked = null;
  failed = false;
}

async function made(datasetId, body, signal) {
  const answer = await createFrontier(datasetId, body, signal);
  if (!("percent_complete" in answer)) return answer;
  const { frontier_id: id } = await finished(answer, signal, ({ percent_complete: part }) =>
    busy(`Every budget is being answered: ${Math.round(part)} % …`));
  return getFrontier(id, signal);
}

function busy(text, isError = false) {
  line.begin(VIEW).say(text, isError);
  shown(false);
}

function shown(isShown) {
  find("frontier-shown").hidden = !isShown;
  for (const format of ["png", "svg"]) find(`frontier-${format}`).disabled = !isShown;
}

async function draw(dataset, frontier, limit, signal) {
  const Plotly = await plotly();
  if (signal?.aborted) return;
  drawn = { dataset, frontier };
  shown(true);
  const { points } = frontier;
  const knee = kneeOf(frontier);
  line.begin(VIEW).say(knee
    ? `More stops paying at about ${percent(knee.budget.fraction)} (${rounded(knee.budget.limit)} ${knee.budget.resource}): ${knee.scene_count} ${noun(knee.scene_count, "scene")}. Click a point to go to its budget.`
    : "No budget stands out: each further one adds about as much as the last, or more. Click a point to go to its budget.");
  await Plotly.react(chart, traces(points, frontier), axes(points, limit), CONFIG);
  chart.removeAllListeners?.("plotly_click");
  chart.on("plotly_click", ({ points: [point] }) => go(points[point.pointNumber]));
  table(frontier);
}

/** The knee, where the curve has one. Older answers name the first point where it has none. */
function kneeOf({ points, knee }) {
  return knee ? points[knee] : null;
}

function traces(points, frontier) {
  const x = points.map(({ budget }) => budget.limit);
  const [accent, quiet, fair, good] = ["--accent", "--quiet", "--fair", "--good"].map(css);
  const bound = points.map(({ upper_bound: value, objective }) => value ?? objective);
  const text = points.map((point) =>
    `${rounded(point.budget.limit)} ${point.budget.resource} (${percent(point.budget.fraction)})<br>`
    + `${point.scene_count} ${noun(point.scene_count, "scene")}, objective ${rounded(point.objective)}<br>${certified(point.gap)}`);
  const lines = [
    { x, y: bound, mode: "lines", line: { width: 0 }, hoverinfo: "skip", showlegend: false },
    {
      x, y: points.map((p) => p.objective), name: frontier.nested ? "Best nested choice" : "Best choice",
      mode: "lines+markers", line: { color: accent, width: 2.5 }, marker: { size: 6, color: accent },
      fill: "tonexty", fillcolor: `${accent}40`, text, hovertemplate: "%{text}<extra></extra>",
    },
    {
      x, y: bound, name: "Nothing can be above", mode: "lines", hoverinfo: "skip",
      line: { color: accent, width: 1, dash: "dot" },
    },
  ];
  const styles = { random: [quiet, "dash"], greedy: [fair, "solid"], kmeans: [good, "dashdot"] };
  for (const [name, label] of Object.entries(BASELINES)) {
    const reports = points.map((point) => point.baselines[name] ?? null);
    if (reports.every((report) => report === null)) continue;
    const [color, dash] = styles[name];
    const y = reports.map((report) => report?.objective ?? null);
    if (name === "random") {
      lines.push(
        { x, y: reports.map((r) => r?.lowest ?? null), mode: "lines", line: { width: 0 }, hoverinfo: "skip", showlegend: false },
        { x, y: reports.map((r) => r?.highest ?? null), mode: "lines", line: { width: 0 }, fill: "tonexty", fillcolor: `${color}30`, hoverinfo: "skip", name: "Range of random", showlegend: false },
      );
    }
    lines.push({ x, y, name: label, mode: "lines", line: { color, width: 1.5, dash }, hovertemplate: `${label}: %{y:.4~g}<extra></extra>` });
  }
  lines.push({
    x, y: points.map((p) => p.scene_count), name: "Scenes", mode: "lines", yaxis: "y2",
    line: { color: accent, width: 2, shape: "hv" }, showlegend: false, hovertemplate: "%{y} scenes<extra></extra>",
  });
  const knee = kneeOf(frontier);
  if (knee) {
    lines.push({
      x: [knee.budget.limit], y: [knee.objective], name: "Knee", mode: "markers", hoverinfo: "skip",
      marker: { symbol: "diamond", size: 13, color: css("--card"), line: { color: accent, width: 2.5 } },
    });
  }
  return lines;
}

function axes(points, limit) {
  const unit = points[0]?.budget.resource ?? "";
  return layout({
    xaxis: { title: { text: `Budget in ${unit}` }, anchor: "y2", rangemode: "tozero" },
    yaxis: { title: { text: "Objective" }, domain: [0.34, 1], rangemode: "tozero" },
    yaxis2: { title: { text: "Scenes" }, domain: [0, 0.26], rangemode: "tozero" },
    legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", font: { size: 12 } },
    hovermode: "closest",
    shapes: [here(limit)],
  });
}

const here = (limit) => ({
  type: "line", x0: limit, x1: limit, y0: 0, y1: 1, yref: "paper",
  line: { color: css("--ink"), width: 1.5, dash: "dot" },
});

/** Move the line of the current budget. */
export function markBudget(limit) {
  if (drawn && window.Plotly) window.Plotly.relayout(chart, { "shapes[0]": here(limit) });
}

const go = (point) => point && change({ budget: String(point.budget.limit) }, { step: true });

/** The same as rows: for screen readers, and of nested frontiers, what each step adds. */
function table(frontier) {
  const steps = frontier.points.map((point, place) => {
    const names = point.added.slice(0, 6).map((id) =>
      button(id, () => change({ scene: id }, { step: true }), { class: "chip" }));
    const more = point.added.length - names.length;
    const changes = frontier.nested || place > 0 ? [...names, more > 0 ? h("span", { class: "quiet" }, `and ${more} more`) : ""] : [];
    const gone = point.removed.length > 0 ? h("span", { class: "quiet" }, ` without ${point.removed.length}`) : "";
    return h("tr", point === kneeOf(frontier) ? { class: "knee" } : {},
      h("td", {}, button(`${rounded(point.budget.limit)} (${percent(point.budget.fraction)})`, () => go(point), { class: "link" })),
      h("td", {}, number(point.scene_count)),
      h("td", {}, rounded(point.objective)),
      h("td", {}, point.gap === null ? "unknown" : percent(point.gap)),
      frontier.nested ? h("td", {}, percent(point.price_of_nesting)) : "",
      h("td", { class: "chips" }, ...changes, gone));
  });
  const heads = ["Budget", "Scenes", "Objective", "Gap", ...(frontier.nested ? ["Price of nesting"] : []), "Added"];
  find("frontier-rows").replaceChildren(
    h("thead", {}, h("tr", {}, ...heads.map((text) => h("th", { scope: "col" }, text)))),
    h("tbody", {}, ...steps));
}

/** The chart's node, where one was drawn. */
export const frontierChart = () => (drawn === null ? null : chart);

find("frontier-nested").addEventListener("change", (event) => change({ nested: event.target.checked ? "1" : null }));
find("frontier-png").addEventListener("click", () => savePicture(chart, "png", "frontier"));
find("frontier-svg").addEventListener("click", () => savePicture(chart, "svg", "frontier"));
// What is being answered anew is drawn when it comes, in the colours of then.
onTheme(() => drawn && !find("frontier-shown").hidden && draw(drawn.dataset, drawn.frontier, Number(state.budget)));
