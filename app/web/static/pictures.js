// Thumbnails. Where the service wants a key they are fetched, for an `img` cannot send one.

import { getPicture } from "./api.js";
import { h } from "./dom.js";
import { hasKey } from "./key.js";

const KEPT = 400;
const DWELL_MS = 120;
const fetched = new Map(); // path -> promise of an object URL, the newest last

const part = encodeURIComponent;

function url(datasetId, sceneId, query) {
  const path = `v1/datasets/${part(datasetId)}/scenes/${part(sceneId)}/thumbnail${query}`;
  if (!hasKey()) return Promise.resolve(new URL(path, document.baseURI).href);
  if (!fetched.has(path)) {
    const found = getPicture(datasetId, sceneId, query).then((blob) => URL.createObjectURL(blob));
    fetched.set(path, found);
    found.catch(() => fetched.get(path) === found && fetched.delete(path)); // it may come another time
    if (fetched.size > KEPT) {
      const [oldest, gone] = fetched.entries().next().value;
      fetched.delete(oldest);
      gone.then(URL.revokeObjectURL, () => {});
    }
  }
  return fetched.get(path);
}

/** A frame with a scene's picture, which loads when it comes into view. */
export function picture(datasetId, sceneId, { query = "", alt = "" } = {}) {
  const image = h("img", { alt, loading: "lazy", decoding: "async" });
  const frame = h("div", { class: "picture" }, image);
  const missing = () => frame.replaceChildren(h("span", { class: "quiet" }, "no picture"));
  image.addEventListener("error", missing);
  const load = () => url(datasetId, sceneId, query).then((href) => { image.src = href; }, missing);
  // A card that a drag shows for a moment is not worth a picture.
  whenSeen(frame, () => setTimeout(() => frame.isConnected && load(), DWELL_MS));
  return frame;
}

const seen = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    seen.unobserve(target);
    waiting.get(target)?.();
    waiting.delete(target);
  }
}, { rootMargin: "400px" });
const waiting = new WeakMap();

/** Do something once an element comes near the window. */
export function whenSeen(element, action) {
  waiting.set(element, action);
  seen.observe(element);
}

/** A scene's picture as a data URI, for a document that must stand alone; null without one. */
export async function dataUri(datasetId, sceneId, signal) {
  const blob = await getPicture(datasetId, sceneId, "?side=200", signal).catch(() => null);
  if (blob === null) return null;
  return new Promise((resolve) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(reader.result));
    reader.readAsDataURL(blob);
  });
}
