// What the page shows, and the address bar's fragment that says it: a view can be sent to somebody.

const ONE = ["view", "dataset", "budget", "objective", "scene", "left", "right", "nested", "axes"];
const MANY = ["include", "exclude"];
const listeners = [];

/** The state as it is: strings, of `include` and `exclude` lists, null where nothing is said. */
export let state = read();

function read() {
  const fields = new URLSearchParams(location.hash.slice(1));
  const one = Object.fromEntries(ONE.map((name) => [name, fields.get(name)]));
  const many = Object.fromEntries(MANY.map((name) => [name, [...new Set(fields.getAll(name))]]));
  return { ...one, ...many };
}

function fragment() {
  const fields = new URLSearchParams();
  for (const name of ONE) if (state[name]) fields.set(name, state[name]);
  for (const name of MANY) for (const value of state[name]) fields.append(name, value);
  return `#${fields}`;
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
  if (fragment() !== location.hash) {
    history[step ? "pushState" : "replaceState"](null, "", fragment());
  }
  tell(before);
}

/** Hear of changes, whoever makes them: this page, an edited address, "back". */
export const onChange = (listener) => listeners.push(listener);

function reread() {
  const before = state;
  state = read();
  tell(before);
}
window.addEventListener("popstate", reread);
window.addEventListener("hashchange", reread);
