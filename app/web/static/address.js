// The address bar's fragment remembers dataset and budget, so that a view can be sent to somebody.

export function read() {
  const fields = new URLSearchParams(location.hash.slice(1));
  const budget = Number(fields.get("budget"));
  return { dataset: fields.get("dataset"), budget: budget > 0 ? budget : null };
}

export function write(dataset, budget) {
  const fields = new URLSearchParams({ dataset });
  if (budget !== null) fields.set("budget", String(budget));
  history.replaceState(null, "", `#${fields}`);
}
