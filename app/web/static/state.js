// What the page shows, and the address bar's fragment that says it: a view can be sent to somebody.

const ONE = ["view", "dataset", "budget", "objective", "scene", "left", "right", "nested", "axes", "threshold", "unique", "hint", "round"];
const MANY = ["include", "exclude", "ignore"];
const REST_MS = 150; // browsers refuse to write the address hundreds of times in a few seconds
const listeners = [];
let writing = null; // a budget that is to be written once the drag rests

/** The state as it is: strings, of `include` and `exclude` lists, null where nothing is said. */
export let state = read();

function read() {
  const fields = new URLSearchParams(location.hash.slice(1));
  const one = Object.fromEntries(ONE.map((name) => [name, fields.get(name)]));
  const many = Object.fromEntries(MANY.map((name) => [name, [...new Set(fields.getAll(name))]]));
  return { ...one, ...many };
}

function fragment(said) {
  const fields = new URLSearchParams();
  for (const name of ONE) if (said[name]) fields.set(name, said[name]);
  for (const name of MANY) for (const value of said[name]) fields.append(name, value);
  return `#${fields}`;
}

function write(said, { step = false } = {}) {
  clearTimeout(writing);
  writing = null;
  const text = fragment(said);
  if (text !== location.hash) history[step ? "pushState" : "replaceState"](null, "", text);
}

/** Tell all listeners which names have changed. */
function tell(before) {
  const same = (name) => JSON.stringify(before[name]) === JSON.stringify(state[name]);
  const changed = new Set([...ONE, ...MANY].filter((name) => !same(name)));
  if (changed.size > 0) for (const listener of listeners) listener(changed);
}

/** Change some of it; `step`: so that the browser's "back" undoes it. */
export function change(patch, { step = false } = {}) {
  const before = state;
  state = { ...state, ...patch };
  if (!step && Object.keys(patch).join() === "budget") {
    clearTimeout(writing);
    writing = setTimeout(() => write(state), REST_MS);
  } else {
    if (step && writing !== null) write(before); // "back" goes to what was shown
    write(state, { step });
  }
  tell(before);
}

/** Hear of changes, whoever makes them: this page, an edited address, "back". */
export const onChange = (listener) => listeners.push(listener);

function reread() {
  clearTimeout(writing);
  writing = null;
  const before = state;
  state = read();
  tell(before);
}
window.addEventListener("popstate", reread);
window.addEventListener("hashchange", reread);
document.addEventListener("change", () => writing !== null && write(state)); // the end of a drag
