// The public HTTP API: every call either returns a document or throws one of two errors.

const BASE = new URL("v1/", document.baseURI);

/** The server answered with a problem document; `message` is its one sentence. */
export class Problem extends Error {
  constructor(status, document) {
    super(document.detail || document.title || `The server answered with status ${status}.`);
    this.status = status;
  }
}

/** The server did not answer. */
export class Offline extends Error {}

// A service with keys wants one: it is asked for once and forgotten with the tab.
const KEY = "seedal-key";

function withKey(options = {}) {
  const key = sessionStorage.getItem(KEY);
  return key ? { ...options, headers: { ...options.headers, Authorization: `Bearer ${key}` } } : options;
}

function askForKey() {
  const key = window.prompt("This service needs an API key (sk_...).");
  if (key) sessionStorage.setItem(KEY, key.trim());
  return Boolean(key);
}

async function call(path, options) {
  let response;
  try {
    response = await fetch(new URL(path, BASE), withKey(options));
    if (response.status === 401 && askForKey()) {
      response = await fetch(new URL(path, BASE), withKey(options));
    }
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Offline("The server does not answer.");
  }
  const document = await response.json().catch((error) => {
    if (error.name === "AbortError") throw error;
    return {};
  });
  if (!response.ok) throw new Problem(response.status, document);
  return document;
}

const part = encodeURIComponent;

export async function listDatasets() {
  const items = [];
  let token = "";
  do {
    const page = await call(token ? `datasets?page_token=${part(token)}` : "datasets");
    items.push(...page.items);
    token = page.next_page_token;
  } while (token);
  return items;
}

export const getDataset = (id, signal) => call(`datasets/${part(id)}`, { signal });

/** What a seed is asked for; also what is shown as a curl command. */
export const seedRequest = (dataset, limit) => ({
  url: new URL(`datasets/${part(dataset.id)}/seeds`, BASE).href,
  body: JSON.stringify({ budget: { limit }, time_limit_s: 1.0 }),
});

export function createSeed(dataset, limit, signal) {
  const { url, body } = seedRequest(dataset, limit);
  const headers = { "Content-Type": "application/json" };
  return call(url, { method: "POST", headers, body, signal });
}

export const thumbnailUrl = (dataset, sceneId) =>
  new URL(`datasets/${part(dataset.id)}/scenes/${part(sceneId)}/thumbnail`, BASE).href;

export const exportUrl = (seed, format) =>
  new URL(`seeds/${part(seed.id)}/export?format=${part(format)}`, BASE).href;

export const datasetsUrl = () => new URL("datasets", BASE).href;
