// Status lines: the words beside a form, a list or a view. Only this module writes them.

import { find } from "./dom.js";

/** The speaker that loads a view: its plain words are hints, which give way to all others. */
export const VIEW = "view";

/**
 * A line of words that several speakers share: a view that loads, a form, a button.
 *
 * A speaker takes back its own words only, and of its turns only the newest may speak. So an
 * answer that comes late never wipes what a person was told meanwhile.
 */
export class StatusLine {
  #element;
  #turns = new Map(); // speaker -> its newest turn
  #words = new Map(); // speaker -> {text, isError}, the newest last

  constructor(id) {
    this.#element = find(id);
  }

  /** Begin a turn; what its speaker said before stays until the turn says something. */
  begin(speaker) {
    const turn = {
      isNewest: () => this.#turns.get(speaker) === turn,
      say: (text, isError = false) => {
        if (!turn.isNewest()) return;
        this.#words.delete(speaker);
        if (text !== "") this.#words.set(speaker, { text, isError });
        this.#show();
      },
    };
    this.#turns.set(speaker, turn);
    return turn;
  }

  /** Take back all words and end all turns: what they are about is gone. */
  clear() {
    this.#turns.clear();
    this.#words.clear();
    this.#show();
  }

  #show() {
    const all = [...this.#words];
    const firm = all.filter(([speaker, { isError }]) => isError || speaker !== VIEW);
    const shown = (firm.length > 0 ? firm : all).map(([, words]) => words);
    const text = shown.map((words) => words.text).join(" ");
    if (this.#element.textContent !== text) this.#element.textContent = text; // read out once
    this.#element.classList.toggle("bad", shown.some(({ isError }) => isError));
  }
}
