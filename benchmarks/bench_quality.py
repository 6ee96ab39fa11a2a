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
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import PIL.ImageDraw

from app.choosing.objectives import RECOMMENDED
from app.choosing.recommending import expect
from app.cli.main import main as seedal

_ROUNDS = "rounds"
_USUAL = ("rooms", "camvid", "followme", "labelmefacade", "collections")
_PARTS = (*_USUAL, "official", "semantic_kitti", _ROUNDS, "smoke")


def _write(path: Path, stems: Iterator[str] | list[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(stems) + "\n", encoding="utf-8")
    return path


def _camvid(data: Path, lists: Path) -> list[str]:
    folder = data / "camvid"
    names = {split: sorted(p.stem for p in (folder / split).glob("*.jpg")) for split in _SPLITS}
    train, test = (_write(lists / f"camvid-{split}.txt", names[split]) for split in _SPLITS)
    words = ["--images", str(folder), "--labels", str(folder), "--ignore-label", "11"]
    return [*words, "--train", str(train), "--test", str(test)]


_SPLITS = ("train", "test")


def _labelmefacade(data: Path, lists: Path, part: str) -> list[str]:
    """Return the words for one of three splits of LabelMeFacade.

    ``labelmefacade``: 564 photos drawn at random are the pool; ``collections``: half of the
    collections, so that no test photo is of a street that can be chosen; ``official``: the
    dataset's own, a pool of 100 photos.
    """
    folder = data / "labelmefacade"
    stems = sorted(path.stem for path in (folder / "images").glob("*.jpg"))
    rng = random.Random(0)  # noqa: S311 - no secret
    if part == "official":
        listed = {
            split: [Path(line).stem for line in (folder / f"{split}.txt").read_text().split()]
            for split in _SPLITS
        }
        pool = set(listed["train"])
        stems = [stem for stem in stems if stem in pool or stem in set(listed["test"])]
    elif part == "collections":
        groups = sorted({stem.split("__")[0] for stem in stems})
        rng.shuffle(groups)
        half = set(groups[: len(groups) // 2])
        pool = {stem for stem in stems if stem.split("__")[0] in half}
    else:
        drawn = list(stems)
        rng.shuffle(drawn)
        pool = set(drawn[:564])
    train = _write(lists / f"{part}-train.txt", [stem for stem in stems if stem in pool])
    test = _write(lists / f"{part}-test.txt", [stem for stem in stems if stem not in pool])
    words = ["--images", str(folder / "images"), "--labels", str(folder / "labels")]
    return [*words, "--ignore-label", "0", "--train", str(train), "--test", str(test)]


def _listed(folder: Path) -> list[str]:
    """Return the words for a data set that lists its own images."""
    ignored = [
        word
        for label in (folder / "ignore").read_text().split()
        for word in ("--ignore-label", label)
    ]
    words = ["--images", str(folder / "images"), "--labels", str(folder / "labels"), *ignored]
    return [*words, "--train", str(folder / "train.txt"), "--test", str(folder / "test.txt")]


def _smoke(folder: Path) -> list[str]:
    """Draw a world of three clips whose images have a rare class, and label it exactly."""
    rng = np.random.default_rng(0)
    stems: dict[str, list[str]] = {"train": [], "test": []}
    for clip, sky in enumerate(((120, 160, 220), (90, 90, 110), (200, 150, 120))):
        for frame in range(12):
            stem = f"clip{clip}_{frame:03d}"
            image = PIL.Image.new("RGB", (64, 48), sky)
            label = PIL.Image.new("L", (64, 48), 0)
            shapes = [(1, (60, 60, 60), (0, 32, 64, 48))]
            if frame % 4 == clip:
                left = int(rng.integers(0, 48))
                shapes.append((2, (200, 30, 30), (left, 26, left + 12, 38)))
            for value, colour, box in shapes:
                PIL.ImageDraw.Draw(image).rectangle(box, fill=colour)
                PIL.ImageDraw.Draw(label).rectangle(box, fill=value)
            (folder / "images").mkdir(parents=True, exist_ok=True)
            (folder / "labels").mkdir(parents=True, exist_ok=True)
            image.save(folder / "images" / f"{stem}.png")
            label.save(folder / "labels" / f"{stem}.png")
            stems["train" if (frame + 1) % 3 else "test"].append(stem)
    train, test = (_write(folder / f"{split}.txt", stems[split]) for split in _SPLITS)
    words = ["--images", str(folder / "images"), "--labels", str(folder / "labels")]
    return [*words, "--train", str(train), "--test", str(test)]


_SMALL_BUDGETS = ("--budgets", "6%,12%,24%")
_ASKED: dict[str, tuple[str, ...]] = {
    "rooms": ("--cut", "group:^(r[0-9]+)_"),
    "camvid": ("--cut", "frame", "--cut", "window:1-8"),
    "followme": ("--cut", "window:1-8"),
    "labelmefacade": ("--cut", "frame"),
    "collections": ("--cut", "frame", "--cut", "group:^(.*)__@1-8"),
    "official": ("--cut", "frame", *_SMALL_BUDGETS),
    "semantic_kitti": ("--cut", "frame", "--cut", "window:1-4", *_SMALL_BUDGETS),
    _ROUNDS: (
        *("--cut", "window:1-8", "--budgets", "3%", "--rounds", "2", "--random", "10"),
        *("--objectives", "seedal,recommended", "--baselines", "k_center"),
    ),
    "smoke": ("--cut", "frame", "--cut", "window:1-3", "--budgets", "15%,30%", "--random", "4"),
}
"""How the images of a part are cut into scenes, and what else is not as usual."""


def _words(part: str, arguments: argparse.Namespace) -> list[str]:
    """Return the command line of a part, without what all have in common."""
    data, lists = arguments.data, arguments.out / "lists"
    if part == "smoke":
        source = _smoke(arguments.out / "world")
    elif part in {"camvid", _ROUNDS}:
        source = _camvid(data, lists)
    elif part in {"rooms", "followme"}:
        source = _listed(data / part)
    elif part == "semantic_kitti":
        source = ["--semantic-kitti", str(data / "mini_semantickitti")]
    else:
        source = _labelmefacade(data, lists, part)
    return [*source, *_ASKED[part]]


def _run(part: str, arguments: argparse.Namespace) -> dict[str, Any]:
    folder = arguments.out / part
    backbone = "colour_grid" if part == "smoke" else arguments.backbone
    words = ["evaluate", *_words(part, arguments), "--backbone", backbone, "--out", str(folder)]
    words += ["--time-limit", "1" if part == "smoke" else "5"]
    if part not in {"smoke", _ROUNDS}:
        words += ["--random", str(arguments.random), "--starts", str(arguments.starts)]
        words += ["--objectives", arguments.objectives]
    words += ["--repetitions", "1" if part in {"smoke", _ROUNDS} else str(arguments.repetitions)]
    if arguments.first_model is not None and part not in {"smoke", _ROUNDS}:
        words += ["--first-model", arguments.first_model]
        if arguments.first_weights is not None:
            words += ["--first-weights", str(arguments.first_weights)]
    if arguments.data_dir is not None:
        words += ["--data-dir", str(arguments.data_dir)]
    if arguments.weights is not None and part != "smoke":
        words += ["--weights", str(arguments.weights)]
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
    """Return every method over all cells of all parts, and its mean percentile in each part."""
    found: dict[str, dict[str, list[dict[str, float]]]] = {}
    for part, document in documents.items():
        if part == _ROUNDS:  # the same seeds as camvid's
            continue
        for cell in document["cells"]:
            for method, standing in cell["against_random"].items():
                found.setdefault(method, {}).setdefault(part, []).append(standing)
    rows = []
    for method, parts in found.items():
        every = [standing for standings in parts.values() for standing in standings]
        row: dict[str, Any] = {
            "method": method,
            "cells": len(every),
            "gain": float(np.mean([s["gain"] for s in every])),
            "percentile": float(np.mean([s["percentile"] for s in every])),
            "above_mean": float(np.mean([s["gain"] > 0 for s in every])),
            "at_best": float(np.mean([s["at_best"] for s in every])),
        }
        row["by_part"] = {
            part: float(np.mean([s["percentile"] for s in standings]))
            for part, standings in parts.items()
        }
        rows.append(row)
    return sorted(rows, key=lambda row: -row["percentile"])


def _recommended(
    documents: dict[str, dict[str, Any]],
) -> Iterator[tuple[str, dict[str, Any], list[dict[str, Any]]]]:
    """Yield the part, the cell and why each start's seed is recommended, where it is said."""
    for part, document in documents.items():
        for cell in document["cells"] if part != _ROUNDS else ():
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


def calibration(cells: list[dict[str, Any]]) -> dict[str, Any]:
    """Predict each pool from the other pools' cells; return means and their errors."""
    found: dict[str, Any] = {}
    for pool in dict.fromkeys(cell["pool"] for cell in cells):
        others = [cell for cell in cells if cell["pool"] != pool]
        own = [cell for cell in cells if cell["pool"] == pool]
        pairs = [
            (expected.percentile, cell["percentile"])
            for cell in own
            if (expected := expect(cell["redundancy"], others)) is not None
        ]
        if pairs:
            predicted, true = np.mean(pairs, axis=0).tolist()
            found[pool] = {"predicted": predicted, "measured": true, "cells": len(pairs)}
    errors = [abs(one["predicted"] - one["measured"]) for one in found.values()]
    return found | ({"mean_absolute_error": float(np.mean(errors))} if errors else {})


def main() -> None:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("bench-quality"))
    parser.add_argument("--part", nargs="+", choices=_PARTS, default=_USUAL)
    parser.add_argument("--backbone", default="efficientnet_lite0")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--first-model", help="a second backbone, whose first models judge too")
    parser.add_argument("--first-weights", type=Path)
    parser.add_argument("--objectives", default="all")
    parser.add_argument("--starts", type=int, default=4, help="of each method chance decides")
    parser.add_argument("--repetitions", type=int, default=2, help="draws of random cuts")
    parser.add_argument("--random", type=int, default=100, help="random seeds of a cell")
    parser.add_argument("--table", type=Path, help="where the measured cells go")
    parser.add_argument("--data-dir", type=Path, help="where features are kept")
    arguments = parser.parse_args()
    documents = {part: _run(part, arguments) for part in arguments.part}
    rows = totals(documents)
    report = {
        "seconds": {part: document["seconds"] for part, document in documents.items()},
        "totals": rows,
        "kept": kept(documents),
        "calibration": calibration(measured(documents)),
    }
    (arguments.out / "totals.json").write_text(json.dumps(report, indent=1) + "\n")
    print("\nall comparisons: mean percentile, by part; gain; above the random mean; at the best")
    for row in rows:
        parts = "  ".join(f"{part} {value:.2f}" for part, value in row["by_part"].items())
        print(
            f"{row['method']:22s} {row['percentile']:.2f}  {parts}  {row['gain']:+.4f}  "
            f"{row['above_mean']:.0%}  {row['at_best']:.0%}  ({row['cells']} cells)"
        )
    print(f"proven share of the objective's bound: {report['kept']}")
    print(f"predicted against measured, pool by pool: {report['calibration']}")
    if arguments.table is not None:
        cells = [json.dumps(cell) for cell in measured(documents)]
        arguments.table.write_text('{"cells": [\n ' + ",\n ".join(cells) + "\n]}\n")


if __name__ == "__main__":
    main()
