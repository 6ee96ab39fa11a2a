// A service with keys wants one: it is asked for in a dialog and forgotten with the tab.

import { find } from "./dom.js";

const NAME = "seedal-key";
let asking = null;

/** The key that is known, and how to ask for another: resolves to false where none is given. */
export function keyFor() {
  const value = sessionStorage.getItem(NAME);
  return { value, ask: () => ask(value) };
}

/** Whether pictures need a header, which an `img` element cannot send. */
export const hasKey = () => sessionStorage.getItem(NAME) !== null;

function ask(refused) {
  if (sessionStorage.getItem(NAME) !== refused) return Promise.resolve(true); // somebody else asked
  asking ??= new Promise((resolve) => {
    const dialog = find("key");
    find("key-refused").hidden = refused === null;
    find("key-value").value = "";
    dialog.returnValue = "";
    dialog.addEventListener("close", () => {
      const given = find("key-value").value.trim();
      find("key-value").value = "";
      asking = null;
      if (dialog.returnValue === "use" && given) sessionStorage.setItem(NAME, given);
      resolve(dialog.returnValue === "use" && given !== "");
    }, { once: true });
    dialog.showModal();
  });
  return asking;
}
