// Send a seed to the annotation platforms that the operator connected, and fetch labels from them.

import { finished, listConnections, pushSeed, syncLabels } from "./api.js";
import { button, find, h } from "./dom.js";
import { forgetLabels } from "./rounds.js";
import { StatusLine } from "./status.js";
import { noun, number } from "./words.js";

const NAMES = { label_studio: "Label Studio", cvat: "CVAT", segments: "Segments.ai" };
const FIRST = 5; // scenes that are named as the first in the queue
const line = new StatusLine("send-line");
let connections = null; // asked for once: the operator's, the same for every dataset
let shown = null; // {dataset, seed}

const nameOf = ({ kind, name }) => `${NAMES[kind] ?? kind}${name === "main" ? "" : ` (${name})`}`;

/** Offer a seed's platforms; nothing is shown where none is connected, or the key may use none. */
export async function showSending(dataset, seed) {
  if (shown?.seed.id !== seed.id) {
    line.clear();
    find("send-report").replaceChildren();
  }
  shown = { dataset, seed };
  connections ??= listConnections().catch(() => []);
  const all = await connections;
  if (shown.seed !== seed) return;
  find("send").hidden = all.length === 0;
  find("send-to").replaceChildren(...all.map((one) =>
    button(nameOf(one), (event) => send(one, event.currentTarget), { class: "link" })));
  find("fetch-from").replaceChildren(...all.map((one) =>
    button(nameOf(one), (event) => fetchLabels(one, event.currentTarget), { class: "link" })));
}

/** Do something with a platform while its button rests, and tell what became of it. */
async function exchange(node, saying, ask, tell) {
  const turn = line.begin("exchange");
  turn.say(saying);
  node.disabled = true;
  try {
    const operation = await finished(await ask(), new AbortController().signal);
    if (turn.isNewest()) turn.say(tell(operation));
  } catch (error) {
    turn.say(error.message, true);
  }
  node.disabled = false;
}

function send(connection, node) {
  const { dataset, seed } = shown;
  find("send-report").replaceChildren();
  exchange(node, `Sending to ${nameOf(connection)} …`, () => pushSeed(seed.id, { connection: connection.name }),
    ({ push }) => {
      if (shown.seed.id === seed.id) report(push, connection);
      forgetLabels(dataset);
      return `${number(push.created)} made, ${number(push.updated)} changed, ${number(push.unchanged)} as they should be.`;
    });
}

function report(push, connection) {
  const first = push.first.slice(0, FIRST).join(", ");
  find("send-report").replaceChildren(
    ...(first ? [h("p", { class: "quiet" }, `Annotators get first: ${first}${push.first.length > FIRST ? ", …" : ""}`)] : []),
    ...(push.view_url ? [h("p", {}, h("a", { href: push.view_url, target: "_blank", rel: "noopener" }, `Open in ${nameOf(connection)}`))] : []),
    h("ul", { class: "notes quiet" },
      ...push.failed.slice(0, FIRST).map(({ scene_id: id, reason }) => h("li", { class: "bad" }, `${id} was not sent: ${reason}`)),
      ...(push.failed.length > FIRST ? [h("li", { class: "bad" }, `${number(push.failed.length - FIRST)} more were not sent.`)] : []),
      ...push.warnings.map((warning) => h("li", {}, warning))),
  );
}

function fetchLabels(connection, node) {
  const { dataset } = shown;
  exchange(node, `Asking ${nameOf(connection)} …`, () => syncLabels(dataset.id, { connection: connection.name }),
    ({ sync }) => {
      forgetLabels(dataset);
      const count = sync.labelled_count;
      return `${number(count)} ${noun(count, "scene")} labelled; ${number(sync.accepted)} news.`;
    });
}
