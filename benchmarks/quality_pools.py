"""What the benchmark of seed quality is run on: data sets, their cuts, what is asked of each."""

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageDraw

ROUNDS = "rounds"
_HINTED = "-hints"
USUAL = ("rooms", "camvid", "followme", "labelmefacade", "collections")
HINTS = tuple(f"{part}{_HINTED}" for part in ("rooms", "camvid", "followme"))
PARTS = (*USUAL, *HINTS, "official", "semantic_kitti", ROUNDS, "smoke")
APART = (*HINTS, ROUNDS)
"""Parts whose pools are counted already."""


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
    "camvid-hints": ("--cut", "window:1-8"),
    ROUNDS: (
        *("--cut", "window:1-8", "--budgets", "3%", "--rounds", "2", "--random", "10"),
        *("--repetitions", "1", "--time-limit", "5"),
        *("--objectives", "seedal,recommended", "--baselines", "k_center"),
    ),
    "smoke": (
        *("--cut", "frame", "--cut", "window:1-3", "--budgets", "15%,30%", "--random", "4"),
        *("--repetitions", "1", "--time-limit", "1"),
    ),
}
"""How the images of a part are cut into scenes, and what else is not as usual."""


_SIZES = ("3", "6", "9", "25%", "all")
_ASKED_OF_HINTS = (
    *("--objectives", ",".join(("recommended", *(f"recommended+hint:{k}" for k in _SIZES)))),
    *("--baselines", "none", "--random", "40", "--starts", "10", "--repetitions", "1"),
    *("--time-limit", "5"),
)
"""Ten draws of three, six and nine labelled images; a quarter of the budget; all that there is."""


RANDOM = {"labelmefacade": 40, "collections": 40}
"""Random seeds of a cell where they are not 100: parts with large cells."""


def words_of(part: str, data: Path, out: Path) -> list[str]:
    """Return the command line of a part, without what all have in common."""
    lists = out / "lists"
    asked, pool = _ASKED.get(part, ()), part.removesuffix(_HINTED)
    if pool != part:
        return [*_source(pool, data, lists), *(asked or _ASKED[pool]), *_ASKED_OF_HINTS]
    return [*_source(part, data, lists), *asked]


def _source(part: str, data: Path, lists: Path) -> list[str]:
    """Return the words for the labelled data of a part."""
    if part == "smoke":
        return _smoke(lists.parent / "world")
    if part in {"camvid", ROUNDS}:
        return _camvid(data, lists)
    if part in {"rooms", "followme"}:
        return _listed(data / part)
    if part == "semantic_kitti":
        return ["--semantic-kitti", str(data / "mini_semantickitti")]
    return _labelmefacade(data, lists, part)
