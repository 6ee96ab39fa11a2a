// Colours of groups and lines, taken from the style sheet, so that they suit light and dark.

// Okabe and Ito's palette, made for colour-blind eyes, in an order of contrast to its neighbours.
const GROUPS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#b3a500", "#8573c9"];

export const OTHER = "#8a94a3"; // more groups than anybody tells apart

/** The colour of a group by its number; groups past the eighth share one. */
export const groupColour = (number) => GROUPS[number] ?? OTHER;

export const shared = GROUPS.length;

/** A colour of the style sheet, as it is now. */
export const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const dark = window.matchMedia("(prefers-color-scheme: dark)");

/** Hear when the system turns from light to dark or back. */
export const onTheme = (listener) => dark.addEventListener("change", listener);
