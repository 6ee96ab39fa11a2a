"""Does the seed make a better first model? The whole table of docs/seed-quality.md.

    python benchmarks/bench_quality.py --data ../shared/data --out bench-quality

CamVid, LabelMeFacade and the mini SemanticKITTI are evaluated by `seedal evaluate`, part by part;
the totals over all of them come last. `--part smoke` needs no data: it draws a small labelled world
and goes the whole way in seconds.
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

from app.cli.main import main as seedal

_ROUNDS = "rounds"
_PARTS = ("camvid", "labelmefacade", "official", "collections", "semantic_kitti", _ROUNDS, "smoke")
_USUAL = _PARTS[:-1]


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


def _words(part: str, arguments: argparse.Namespace) -> list[str]:
    """Return the command line of a part, without what all have in common."""
    data, lists = arguments.data, arguments.out / "lists"
    match part:
        case "camvid":
            return [*_camvid(data, lists), "--cut", "frame", "--cut", "window:1-8"]
        case "rounds":
            words = [*_camvid(data, lists), "--cut", "window:1-8", "--budgets", "3%"]
            words += ["--rounds", "2", "--random", "10"]
            return [*words, "--objectives", "seedal,auto", "--baselines", "k_center"]
        case "semantic_kitti":
            folder = str(data / "mini_semantickitti")
            words = ["--semantic-kitti", folder, "--cut", "frame", "--cut", "window:1-4"]
            return [*words, "--budgets", "6%,12%,24%"]
        case "smoke":
            words = [*_smoke(arguments.out / "world"), "--cut", "frame", "--cut", "window:1-3"]
            return [*words, "--budgets", "15%,30%", "--random", "4"]
        case _:
            words = _labelmefacade(data, lists, part)
            cuts = [] if part == "official" else ["--cut", "group:^(.*)__@1-8"]
            budgets = ["--budgets", "6%,12%,24%"] if part == "official" else []
            return [*words, "--cut", "frame", *cuts, *budgets]


def _run(part: str, arguments: argparse.Namespace) -> dict[str, Any]:
    folder = arguments.out / part
    backbone = "colour_grid" if part == "smoke" else arguments.backbone
    words = ["evaluate", *_words(part, arguments), "--backbone", backbone, "--out", str(folder)]
    words += ["--time-limit", "1" if part == "smoke" else "3"]
    words += ["--repetitions", "1" if part in {"smoke", _ROUNDS} else str(arguments.repetitions)]
    if arguments.data_dir is not None:
        words += ["--data-dir", str(arguments.data_dir)]
    if arguments.weights is not None and part != "smoke":
        words += ["--weights", str(arguments.weights)]
    print(f"\n== {part}: seedal {' '.join(words)}", flush=True)
    started = time.perf_counter()
    status = seedal(words)
    if status:
        sys.exit(status)
    document: dict[str, Any] = json.loads((folder / "evaluation.json").read_text())
    document["seconds"] = time.perf_counter() - started
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


def main() -> None:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("bench-quality"))
    parser.add_argument("--part", nargs="+", choices=_PARTS, default=_USUAL)
    parser.add_argument("--backbone", default="efficientnet_lite0")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--repetitions", type=int, default=3, help="draws of random cuts")
    parser.add_argument("--data-dir", type=Path, help="where features are kept")
    arguments = parser.parse_args()
    documents = {part: _run(part, arguments) for part in arguments.part}
    rows = totals(documents)
    report = {
        "seconds": {part: document["seconds"] for part, document in documents.items()},
        "totals": rows,
    }
    (arguments.out / "totals.json").write_text(json.dumps(report, indent=1) + "\n")
    print("\nall comparisons: mean percentile, by part; gain; above the random mean; at the best")
    for row in rows:
        parts = "  ".join(f"{part} {value:.2f}" for part, value in row["by_part"].items())
        print(
            f"{row['method']:22s} {row['percentile']:.2f}  {parts}  {row['gain']:+.4f}  "
            f"{row['above_mean']:.0%}  {row['at_best']:.0%}  ({row['cells']} cells)"
        )


if __name__ == "__main__":
    main()
