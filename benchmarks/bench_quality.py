"""Does the seed make a better first model? The whole table of docs/seed-quality.md.

    python benchmarks/bench_quality.py --data ../shared/data --out bench-quality

Rooms, drives, drone flights and photos are evaluated by `seedal evaluate`, part by part. A part
that is done is read again, so a run that was cut short goes on. The totals over all of them come
last, with the calibration of what is predicted. `--table` writes the measured cells to where the
product reads them. `--part smoke` needs no data: it draws a small labelled world and goes the whole
way in seconds.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from quality_figures import calibrated, methods_by_pool
from quality_pools import APART, PARTS, RANDOM, ROUNDS, USUAL, words_of

from app.choosing.objectives import RECOMMENDED
from app.choosing.recommending import expect
from app.cli.main import main as seedal


def _words(part: str, arguments: argparse.Namespace) -> list[str]:
    """Return the command line of a part."""
    small = part == "smoke"
    words = ["evaluate", *words_of(part, arguments.data, arguments.out)]
    words += ["--backbone", "colour_grid" if small else arguments.backbone]
    words += ["--out", str(arguments.out / part)]
    if part not in {"smoke", *APART}:
        random = arguments.random or RANDOM.get(part, 100)
        words += ["--random", str(random), "--starts", str(arguments.starts)]
        words += ["--objectives", arguments.objectives, "--time-limit", "5"]
        words += ["--repetitions", str(arguments.repetitions)]
    files = {"--data-dir": arguments.data_dir}
    if not small:
        files |= {"--weights": arguments.weights}
    if part not in {"smoke", ROUNDS}:
        files |= {"--first-model": arguments.first_model}
        files |= {"--first-weights": arguments.first_weights}
    given = [(flag, str(value)) for flag, value in files.items() if value is not None]
    return [*words, *chain.from_iterable(given)]


def _run(part: str, arguments: argparse.Namespace) -> dict[str, Any]:
    folder, words = arguments.out / part, _words(part, arguments)
    known = folder / "evaluation.json"
    if known.exists() and part != "smoke":
        before: dict[str, Any] = json.loads(known.read_text())
        if before.get("asked") == words:
            print(f"\n== {part}: done before", flush=True)
            return before
    print(f"\n== {part}: seedal {' '.join(words)}", flush=True)
    started = time.perf_counter()
    status = seedal(words)
    if status:
        sys.exit(status)
    document: dict[str, Any] = json.loads(known.read_text())
    document |= {"seconds": time.perf_counter() - started, "asked": words}
    known.write_text(json.dumps(document, indent=1) + "\n")
    print(f"== {part}: {document['seconds']:.0f} s", flush=True)
    return document


def totals(documents: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Return every method over all cells of all parts, and its mean percentile in each part.

    Intervals are of a bootstrap of two levels: parts are drawn with replacement, then their cells.
    """
    found: dict[str, dict[str, list[dict[str, float]]]] = {}
    for part, document in documents.items():
        if part in APART:
            continue
        for cell in document["cells"]:
            for method, standing in cell["against_random"].items():
                found.setdefault(method, {}).setdefault(part, []).append(standing)
    rows = []
    for method, parts in found.items():
        every = [standing for standings in parts.values() for standing in standings]
        percentiles = [[s["percentile"] for s in standings] for standings in parts.values()]
        row: dict[str, Any] = {
            "method": method,
            "cells": len(every),
            "gain": float(np.mean([s["gain"] for s in every])),
            "percentile": float(np.mean([s["percentile"] for s in every])),
            "percentile_interval": _interval(percentiles),
            "above_mean": float(np.mean([s["gain"] > 0 for s in every])),
            "at_best": float(np.mean([s["at_best"] for s in every])),
        }
        row["by_part"] = {
            part: float(np.mean([s["percentile"] for s in standings]))
            for part, standings in parts.items()
        }
        rows.append(row)
    return sorted(rows, key=lambda row: -row["percentile"])


def table(document: dict[str, Any]) -> str:
    """Return a part as a table in Markdown: each method against random seeds, the best first."""
    models = list(dict.fromkeys(cell["first_model"] for cell in document["cells"]))
    heads = ["method", "gain, points of mIoU", "percentile", "95 %", *models, "at best", "saved"]
    rows = [heads, ["---"] * len(heads)]
    for one in document["summary"]:
        own = [
            [
                cell["against_random"][one["method"]]["percentile"]
                for cell in document["cells"]
                if cell["first_model"] == model
            ]
            for model in models
        ]
        low, high = one["percentile_interval"]
        rows.append(
            [
                f"`{one['method']}`",
                f"{100 * one['gain']:+.1f}",
                f"{one['percentile']:.2f}",
                f"{low:.2f} to {high:.2f}",
                *(f"{np.mean(found):.2f}" for found in own),
                f"{one['at_best']:.0%}",
                "" if one["saved"] is None else f"{one['saved']:.0%}",
            ]
        )
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _interval(parts: list[list[float]], resamples: int = 2_000) -> tuple[float, float]:
    rng = np.random.default_rng(0)
    means = []
    for _ in range(resamples):
        drawn = [parts[place] for place in rng.integers(0, len(parts), len(parts))]
        means.append(np.mean(np.concatenate([rng.choice(own, len(own)) for own in drawn])))
    low, high = np.quantile(means, (0.025, 0.975)).tolist()
    return low, high


def _recommended(
    documents: dict[str, dict[str, Any]],
) -> Iterator[tuple[str, dict[str, Any], list[dict[str, Any]]]]:
    """Yield the part, the cell and why each start's seed is recommended, where it is said."""
    for part, document in documents.items():
        for cell in document["cells"] if part not in APART else ():
            seeds = cell["methods"].get(RECOMMENDED, ())
            found = [seed["recommendation"] for seed in seeds if "recommendation" in seed]
            if found:
                yield part, cell, found


def measured(documents: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what recommended seeds were worth in every cell: the rows of the product's table."""
    return [
        {
            "pool": part,
            "cut": cell["cut"],
            "repetition": cell["repetition"],
            "budget": cell["budget"],
            "backbone": cell["backbone"],
            "first_model": cell["first_model"],
            "redundancy": round(found[0]["redundancy"], 3),
            "percentile": round(cell["against_random"][RECOMMENDED]["percentile"], 3),
        }
        for part, cell, found in _recommended(documents)
    ]


def kept(documents: dict[str, dict[str, Any]]) -> dict[str, float]:
    """Return the least and the median share of the bound that seeds are proven to keep."""
    shares = [
        one["kept"]
        for _, cell, found in _recommended(documents)
        if cell["backbone"] == cell["first_model"]  # the other has the same seeds
        for one in found
        if one["kept"] is not None
    ]
    return {"least": min(shares), "median": float(np.median(shares))} if shares else {}


def predictions(cells: list[dict[str, Any]]) -> dict[str, list[tuple[float, float]]]:
    """Predict the cells of each pool from the other pools'; return predicted and measured."""
    found: dict[str, list[tuple[float, float]]] = {}
    for pool in dict.fromkeys(cell["pool"] for cell in cells):
        others = [cell for cell in cells if cell["pool"] != pool]
        own = [cell for cell in cells if cell["pool"] == pool]
        pairs = [
            (expected.percentile, cell["percentile"])
            for cell in own
            if (expected := expect(cell["redundancy"], others)) is not None
        ]
        if pairs:
            found[pool] = pairs
    return found


def calibration(pairs: dict[str, list[tuple[float, float]]]) -> dict[str, Any]:
    """Return the means of what was predicted and measured, and how far pools are off on average."""
    found: dict[str, Any] = {}
    for pool, own in pairs.items():
        predicted, true = np.mean(own, axis=0).tolist()
        found[pool] = {"predicted": predicted, "measured": true, "cells": len(own)}
    errors = [abs(one["predicted"] - one["measured"]) for one in found.values()]
    return found | ({"mean_absolute_error": float(np.mean(errors))} if errors else {})


def main() -> None:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("bench-quality"))
    parser.add_argument("--part", nargs="+", choices=PARTS, default=USUAL)
    parser.add_argument("--backbone", default="efficientnet_lite0")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--first-model", help="a second backbone, whose first models judge too")
    parser.add_argument("--first-weights", type=Path)
    parser.add_argument("--objectives", default="all")
    parser.add_argument("--starts", type=int, default=4, help="of each method chance decides")
    parser.add_argument("--repetitions", type=int, default=2, help="draws of random cuts")
    parser.add_argument("--random", type=int, help="random seeds of a cell; 100, or 40 for photos")
    parser.add_argument("--table", type=Path, help="where the measured cells go")
    parser.add_argument("--data-dir", type=Path, help="where features are kept")
    arguments = parser.parse_args()
    documents = {part: _run(part, arguments) for part in arguments.part}
    rows = totals(documents)
    tables = [f"## {part}\n\n{table(document)}\n" for part, document in documents.items()]
    (arguments.out / "tables.md").write_text("\n".join(tables), encoding="utf-8")
    predicted = predictions(measured(documents))
    report = {
        "seconds": {part: document["seconds"] for part, document in documents.items()},
        "totals": rows,
        "kept": kept(documents),
        "calibration": calibration(predicted),
    }
    pools = {part: document for part, document in documents.items() if part not in APART}
    if pools:
        names = [row["method"] for row in rows]
        methods_by_pool(pools, names, arguments.out / "methods-by-pool")
    if predicted:
        calibrated(predicted, arguments.out / "calibration")
    (arguments.out / "totals.json").write_text(json.dumps(report, indent=1) + "\n")
    print("\nall comparisons: mean percentile, by part; gain; above the random mean; at the best")
    for row in rows:
        parts = "  ".join(f"{part} {value:.2f}" for part, value in row["by_part"].items())
        print(
            f"{row['method']:22s} {row['percentile']:.2f}  "
            f"({row['percentile_interval'][0]:.2f} to {row['percentile_interval'][1]:.2f})  "
            f"{parts}  {row['gain']:+.4f}  "
            f"{row['above_mean']:.0%}  {row['at_best']:.0%}  ({row['cells']} cells)"
        )
    print(f"proven share of the objective's bound: {report['kept']}")
    print(f"predicted against measured, pool by pool: {report['calibration']}")
    if arguments.table is not None:
        cells = [json.dumps(cell) for cell in measured(documents)]
        arguments.table.write_text('{"cells": [\n ' + ",\n ".join(cells) + "\n]}\n")


if __name__ == "__main__":
    main()
