// plotly.js, from the service itself, fetched when the first chart is drawn.

import { css } from "./colours.js";
import { h, save } from "./dom.js";

let loaded = null;

/** Plotly; four megabytes, so not before somebody looks at a chart. */
export function plotly() {
  loaded ??= new Promise((resolve, reject) => {
    const script = h("script", { src: "static/plotly.min.js" });
    script.addEventListener("load", () => resolve(window.Plotly));
    script.addEventListener("error", () => {
      loaded = null;
      reject(new Error("The charts could not be loaded. Try again."));
    });
    document.head.append(script);
  });
  return loaded;
}

/** Layout that suits the page, light or dark. */
export function layout(more) {
  const [ink, rim, quiet] = [css("--ink"), css("--rim"), css("--quiet")];
  const axis = { gridcolor: rim, zerolinecolor: rim, linecolor: rim, tickfont: { color: quiet }, automargin: true };
  const axes = Object.fromEntries(Object.entries(more).filter(([name]) => /^[xy]axis/.test(name))
    .map(([name, value]) => [name, { ...axis, ...value }]));
  return {
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: getComputedStyle(document.body).fontFamily, color: ink, size: 13 },
    margin: { l: 8, r: 8, t: 8, b: 8 },
    hoverlabel: { bgcolor: css("--card"), bordercolor: rim, font: { color: ink } },
    ...more,
    ...axes,
  };
}

export const CONFIG = { displayModeBar: false, responsive: true, scrollZoom: false };

/** Save a chart as a picture; white behind it, for it goes into documents. */
export async function savePicture(node, format, name) {
  save(await pictureOf(node, format), `${name}.${format}`);
}

export async function pictureOf(node, format) {
  const { Plotly } = window;
  const uri = await Plotly.toImage(node, {
    format, width: node.clientWidth, height: node.clientHeight, scale: format === "png" ? 2 : 1,
  });
  const [head, body] = uri.split(/,(.*)/s);
  if (head.includes("base64")) {
    const bytes = Uint8Array.from(atob(body), (letter) => letter.charCodeAt(0));
    return new Blob([bytes], { type: `image/${format}` });
  }
  return new Blob([decodeURIComponent(body)], { type: "image/svg+xml" });
}
