// The public HTTP API: every call either returns a document or throws one of two errors.

import { keyFor } from "./key.js";
import { remember } from "./calls.js";

const BASE = new URL("v1/", document.baseURI);
const part = encodeURIComponent;

/** The server answered with a problem document; `message` is its one sentence. */
export class Problem extends Error {
  constructor(status, document) {
    super(sentence(document) || `The server answered with status ${status}.`);
    this.status = status;
  }
}

/** The server did not answer. */
export class Offline extends Error {}

/** Whether a question that failed so is worth asking again in a moment. */
export const isBusy = (error) => error instanceof Problem && (error.status === 429 || error.status === 503);

const sentence = ({ detail, title }) => detail || title;

async function send(path, { method = "GET", body, headers = {}, signal, keepalive } = {}) {
  const url = new URL(`./${path}`, BASE).href; // "datasets:validate" alone would be a scheme
  remember(method, url, headers, body);
  for (;;) {
    const key = keyFor();
    const all = key.value ? { ...headers, Authorization: `Bearer ${key.value}` } : headers;
    let response;
    try {
      response = await fetch(url, { method, body, headers: all, signal, keepalive });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Offline("The server does not answer.");
    }
    if (response.status === 401 && (await key.ask())) continue;
    if (!response.ok) throw new Problem(response.status, await response.json().catch(() => ({})));
    return response;
  }
}

async function call(path, options) {
  const response = await send(path, options);
  return response.json().catch((error) => {
    if (error.name === "AbortError") throw error;
    throw new Offline("The server's answer was cut off.");
  });
}

const post = (path, document, { headers = {}, ...more } = {}) =>
  call(path, {
    method: "POST",
    body: JSON.stringify(document),
    headers: { "Content-Type": "application/json", ...headers },
    ...more,
  });

/** All pages of a list as one. */
async function whole(path) {
  const items = [];
  let page;
  do {
    page = await call(page ? `${path}?page_token=${part(page.next_page_token)}` : path);
    items.push(...page.items);
  } while (page.next_page_token);
  return { ...page, items };
}

const dataset = (id) => `datasets/${part(id)}`;
const scene = (id, name) => `${dataset(id)}/scenes/${part(name)}`;
const seed = (id) => `seeds/${part(id)}`;

export const listObjectives = async () => (await call("objectives")).items;

export const listDatasets = async () => (await whole("datasets")).items;
export const getDataset = (id, signal) => call(dataset(id), { signal });
export const deleteDataset = (id) => send(dataset(id), { method: "DELETE" });
export const registerDataset = (request) => post("datasets", request);
export const validateSource = (request, signal) => post("datasets:validate", request, { signal });
export const uploadManifest = (file) =>
  call("manifests", {
    method: "POST", body: file, headers: { "Content-Type": "application/octet-stream" },
  });

export const listLabels = (id) => whole(`${dataset(id)}/labels`);
export const listConnections = async () => (await call("connections")).items;
export const pushSeed = (id, request) => post(`${seed(id)}/pushes`, request);
export const syncLabels = (id, request) => post(`${dataset(id)}/syncs`, request);
export const uploadHint = (file) =>
  call("hints", { method: "POST", body: file, headers: { "Content-Type": "application/zip" } });

export const getMap = (id, method, signal) => call(`${dataset(id)}/map?method=${part(method)}`, { signal });
export const getScene = (id, name, signal) => call(scene(id, name), { signal });
export const getDuplicates = (id, threshold, token, signal) =>
  call(`${dataset(id)}/duplicates?threshold=${threshold}&page_size=30${token ? `&page_token=${part(token)}` : ""}`, { signal });
export const getNeighbors = (id, name, signal) => call(`${scene(id, name)}/neighbors?k=8`, { signal });
export const getPointcloud = (id, name, signal) => call(`${scene(id, name)}/pointcloud`, { signal });
export const getPicture = async (id, name, query, signal) =>
  (await send(`${scene(id, name)}/thumbnail${query}`, { signal })).blob();

/** Ask for a seed; returns the seed, or an operation where the answer takes longer. */
export const createSeed = (id, request, { later = false, signal } = {}) =>
  post(`${dataset(id)}/seeds`, request, {
    headers: later ? { Prefer: "respond-async" } : {}, signal,
  });
export const getSeed = (id, signal) => call(seed(id), { signal });
export const listSeeds = async (id) => (await call(`${dataset(id)}/seeds?page_size=100`)).items;
export const getRepresented = (id, name, signal) =>
  call(`${seed(id)}/represented?scene_id=${part(name)}`, { signal });
export const exportSeed = async (id, format) =>
  (await send(`${seed(id)}/export?format=${part(format)}`)).blob();
export const getCertificate = async (id) => (await send(`${seed(id)}/certificate`)).blob();
export const getProblem = async (id) => (await send(`${seed(id)}/problem`)).blob();

export const createFrontier = (id, request, signal) =>
  post(`${dataset(id)}/frontiers`, request, { signal, headers: { Prefer: "respond-async, wait=2" } });
export const getFrontier = (id, signal) => call(`frontiers/${part(id)}`, { signal });

export const getOperation = (id, signal) => call(`operations/${part(id)}`, { signal });
export const cancelOperation = (id) => // even while the page goes away
  call(`operations/${part(id)}:cancel`, { method: "POST", keepalive: true });

/** Follow an operation to its end: every change, by server-sent events, again where they break off. */
export async function* watch(id, signal) {
  let last = null;
  for (;;) {
    try {
      const headers = last === null ? {} : { "Last-Event-ID": last };
      const response = await send(`operations/${part(id)}/events`, { headers, signal });
      if (response.status === 204) return;
      for await (const event of events(response.body)) {
        last = event.id ?? last;
        const operation = JSON.parse(event.data);
        yield operation;
        if (operation.finished_at !== null) return;
      }
    } catch (error) {
      if (!(error instanceof Offline || isBusy(error)) && error.name !== "TypeError") throw error;
    }
    await new Promise((again) => setTimeout(again, 1000)); // the server, or the line, will be back
  }
}

/** Wait for an operation to succeed; one that is given up, or left with the page, is cancelled. */
export async function finished(operation, signal, tell = () => {}) {
  const cancel = () => cancelOperation(operation.id).catch(() => {});
  signal.addEventListener("abort", cancel, { once: true });
  window.addEventListener("pagehide", cancel);
  try {
    if (signal.aborted) cancel();
    for await (const now of watch(operation.id, signal)) {
      if (now.finished_at === null) tell(now);
      else if (now.status === "succeeded") return now;
      else throw new Error(now.error?.detail ?? "It was cancelled.");
    }
    throw new Error("The server ended without an answer.");
  } finally {
    signal.removeEventListener("abort", cancel);
    window.removeEventListener("pagehide", cancel);
  }
}

async function* events(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += value;
    const blocks = text.split("\n\n");
    text = blocks.pop();
    for (const block of blocks) {
      const lines = block.split("\n").map((line) => line.split(/: ?(.*)/s));
      const fields = Object.fromEntries(lines);
      if (fields.data) yield fields;
    }
  }
}

export const datasetsUrl = () => new URL("datasets", BASE).href;
export const seedsUrl = (id) => new URL(`./${dataset(id)}/seeds`, BASE).href;
