// A hint: a few labelled images that say what counts, uploaded here and part of each question.

import { uploadHint } from "./api.js";
import { button, find, h } from "./dom.js";
import { DEFAULT_OBJECTIVE } from "./questions.js";
import { change, state } from "./state.js";
import { StatusLine } from "./status.js";
import { noun, number, percent } from "./words.js";

const uploads = new Map(); // what the server said of each, by its URI
const line = new StatusLine("hint-line");

/** The hint of a question; null where there is none, or the objective takes none. */
export function hintOf(objective) {
  if (objective !== DEFAULT_OBJECTIVE || !state.hint) return null;
  return { uri: state.hint, ignore: state.ignore.map(Number).filter((value) => Number.isInteger(value) && value >= 0) };
}

async function take(file) {
  if (!file) return;
  const turn = line.begin("upload");
  turn.say(`${file.name} is being uploaded …`);
  try {
    const hint = await uploadHint(file);
    if (!turn.isNewest()) return; // another file was chosen meanwhile
    uploads.set(hint.uri, hint);
    turn.say("");
    change({ hint: hint.uri, ignore: [] }, { step: true });
    showHint(DEFAULT_OBJECTIVE);
  } catch (error) {
    turn.say(error.message, true);
  }
}

const clear = () => change({ hint: null, ignore: [] }, { step: true });

function toggle(value) {
  const name = String(value);
  const ignore = state.ignore.includes(name) ? state.ignore.filter((one) => one !== name) : [...state.ignore, name];
  change({ ignore }, { step: true });
}

/** Show the hint that is set, its classes, and a way out. */
export function showHint(objective) {
  find("hint").hidden = objective !== DEFAULT_OBJECTIVE;
  find("hint-drop").hidden = Boolean(state.hint);
  find("hint-shown").hidden = !state.hint;
  if (!state.hint) return;
  const known = uploads.get(state.hint);
  const classes = (known?.classes ?? []).map(({ value, name, share }) => {
    const counts = !state.ignore.includes(String(value));
    const label = `Class ${name}, ${percent(share)} of the labelled pixels`;
    return button(name, () => toggle(value), { class: "chip", "aria-pressed": String(counts), "aria-label": label, title: label });
  });
  find("hint-shown").replaceChildren(
    h("span", { class: "quiet" }, known ? `Hint: ${number(known.images)} labelled ${noun(known.images, "image")}. What counts:` : "A hint of labelled images"),
    ...classes,
    button("Clear", clear, { class: "chip plain", "aria-label": "Choose without the hint" }),
  );
}

find("hint-file").addEventListener("change", (event) => {
  take(event.target.files[0]);
  event.target.value = "";
});
for (const type of ["dragenter", "dragover"]) {
  find("hint-drop").addEventListener(type, (event) => {
    event.preventDefault();
    find("hint-drop").classList.add("over");
  });
}
for (const type of ["dragleave", "drop"]) find("hint-drop").addEventListener(type, () => find("hint-drop").classList.remove("over"));
find("hint-drop").addEventListener("drop", (event) => {
  event.preventDefault();
  take(event.dataTransfer.files[0]);
});
