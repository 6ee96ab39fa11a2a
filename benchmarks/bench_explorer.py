"""How quick the explorer feels: ``make bench-explorer`` (needs Chromium).

A person moves the slider; the time from that to the frame that shows the answer is measured in the
page, over a real server on the same cores, for datasets of 204 and 20,000 drawn scenes (d = 768).
Then the map of the larger one is dragged about, and frames are counted.
"""

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "tests" / "integration")]

from planted import plant  # noqa: E402
from playwright.sync_api import Page, sync_playwright  # noqa: E402
from serving import free_port, serving  # noqa: E402

from app.settings import Settings  # noqa: E402

_MOVE = """
async position => {
  const slider = document.getElementById("budget-slider");
  const cost = document.getElementById("answer-cost");
  const began = performance.now();
  const shown = new Promise(resolve => {
    const seen = new MutationObserver(() => {
      seen.disconnect();
      requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - began)));
    });
    seen.observe(cost, { childList: true });
  });
  slider.value = position;
  slider.dispatchEvent(new Event("input", { bubbles: true }));
  const spent = await shown;
  return [spent, document.getElementById("answer-proof").textContent,
          Number(document.getElementById("answer-count").textContent.replaceAll(",", ""))];
}
"""

_FRAMES = """
() => {
  window.frames_ = { times: [], thinned: 0 };
  const next = now => {
    window.frames_.times.push(now);
    if (document.getElementById("map-thinned").textContent) window.frames_.thinned += 1;
    requestAnimationFrame(next);
  };
  requestAnimationFrame(next);
}
"""


def _gap(sentence: str) -> float:
    if sentence.startswith("Proven"):
        return 0.0
    if "less than" in sentence:
        return 0.01
    return float(sentence.split("more than ")[1].split("\u00a0", maxsplit=1)[0])


def slider(page: Page, url: str, dataset: str, moves: int) -> dict[str, Any]:
    """Move the slider to new places, each before the last one's proof is looked for."""
    page.goto(f"{url}#dataset={dataset}")
    page.wait_for_selector("#answer:not([hidden])")
    page.wait_for_timeout(2_000)
    spent, gaps, counts = [], [], []
    for move in range(moves):
        # Places between 1 and 10 % of the cost, none of them twice.
        took, sentence, count = page.evaluate(_MOVE, 380 + (move * 37) % 260)
        spent.append(took)
        gaps.append(_gap(sentence))
        counts.append(count)
        page.wait_for_timeout(250)
    spent.sort()
    return {
        "p50_ms": statistics.median(spent), "p90_ms": spent[int(0.9 * len(spent))],
        "max_ms": spent[-1], "largest_gap_percent": max(gaps), "scenes": [min(counts), max(counts)],
    }  # fmt: skip


def panning(page: Page, url: str, dataset: str) -> dict[str, Any]:
    """Drag the map about for some seconds and count frames."""
    page.goto(f"{url}#dataset={dataset}&view=map")
    page.wait_for_function(
        "() => document.getElementById('map-said').textContent.includes('sized')"
    )
    page.wait_for_timeout(3_000)
    box = page.locator("#map-canvas").bounding_box()
    if box is None:
        sys.exit("there is no map")
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.evaluate(_FRAMES)
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(240):
        page.mouse.move(x + 150 * ((step % 80) - 40) / 40, y + 80 * ((step % 60) - 30) / 30)
    page.mouse.up()
    times, thinned = page.evaluate("() => [window.frames_.times, window.frames_.thinned]")
    gaps = sorted(b - a for a, b in pairwise(times))
    return {
        "frames_per_s": 1000 * (len(times) - 1) / (times[-1] - times[0]),
        "longest_frame_ms": gaps[-1], "p95_frame_ms": gaps[int(0.95 * len(gaps))],
        "thinned_share": thinned / len(times),
    }  # fmt: skip


def main() -> None:
    """Measure, print, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("bench-explorer.json"))
    parser.add_argument("--moves", type=int, default=40)
    arguments = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("bench_explorer.py needs Chromium")
    report: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.model_validate({"data_dir": Path(folder), "port": free_port()})
        ids = {n: plant(settings, n, d=768, name=f"{n} scenes") for n in (204, 20_000)}
        with serving(settings, threads=None), sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"]
            )
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.set_default_timeout(60_000)
            url = f"http://127.0.0.1:{settings.port}/"
            for n, dataset in ids.items():
                report[f"slider_{n}"] = slider(page, url, dataset, arguments.moves)
                print(f"{n} scenes: {report[f'slider_{n}']}", flush=True)
            report["panning_20000"] = panning(page, url, ids[20_000])
            print(f"panning 20,000 points: {report['panning_20000']}")
            browser.close()
    arguments.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
