// What the page has asked the server, as commands: a platform can make every one of these calls.

import { button, find, h } from "./dom.js";

const KEPT = 30;
const calls = [];

/** A request as a shell command; a key is never part of it. */
export function curl(method, url, headers = {}, body = null) {
  const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
  const parts = [`curl -sS${method === "GET" ? "" : ` -X ${method}`} ${quoted(url)}`];
  for (const [name, value] of Object.entries(headers)) parts.push(`-H ${quoted(`${name}: ${value}`)}`);
  if (typeof body === "string") parts.push(`-d ${quoted(body)}`);
  else if (body) parts.push(`--data-binary @${quoted(body.name ?? "FILE")}`);
  return parts.join(" \\\n  ");
}

export function remember(method, url, headers, body) {
  if (url.includes("/thumbnail")) return; // dozens a glance, and they teach nothing
  calls.unshift({ at: new Date(), text: curl(method, url, headers, body) });
  calls.length = Math.min(calls.length, KEPT);
  if (find("calls")?.open) show();
}

/** Put a text on the clipboard; where that is closed to the page, mark it to be copied by hand. */
export async function copy(text, shown) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection().selectAllChildren(shown);
    return false;
  }
}

function show() {
  find("calls-list").replaceChildren(...calls.map(({ at, text }) => {
    const code = h("pre", { tabindex: "0" }, h("code", {}, text));
    const done = h("span", { class: "quiet", role: "status" });
    return h("li", {},
      h("div", { class: "row" },
        h("time", { class: "quiet", datetime: at.toISOString() }, at.toLocaleTimeString()),
        button("Copy", async () => {
          done.textContent = (await copy(text, code)) ? "Copied" : "Marked: copy it with Ctrl+C";
        }),
        done),
      code);
  }));
}

find("calls-open").addEventListener("click", () => {
  show();
  find("calls").showModal();
});
