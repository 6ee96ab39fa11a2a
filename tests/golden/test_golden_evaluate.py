"""`seedal evaluate` on a small labelled set: what is chosen, and roughly how good that is."""

from pathlib import Path
from typing import Any, Final

import numpy as np
import PIL.Image
import pytest
from doors import run_seedal
from stored import Golden, Plain

SIDE: Final = 64
SKIES: Final = {
    "a": (200, 200, 190),
    "b": (120, 125, 130),
    "c": (90, 160, 160),
    "d": (230, 170, 120),
}
SHAPES: Final = ((200, 40, 40), (40, 170, 60), (40, 60, 210))
OBJECTIVES: Final = "seedal,centred,coverage,k_center/greedy"
TRAIN: Final = tuple(f"{clip}_{frame:03d}" for clip in SKIES for frame in range(5))
TEST: Final = tuple(f"{clip}_100" for clip in SKIES)

_DECIMALS: Final = 2
"""Of scores: a probe is trained, and its last digits depend on the machine."""


def _write(folder: Path) -> list[str]:
    """Write images and labels, the third class in two clips alone; return the words for them."""
    for number, stem in enumerate((*TRAIN, *TEST)):
        rng, clip = np.random.default_rng(number), stem[0]
        image = np.zeros((SIDE, SIDE, 3)) + SKIES[clip]
        label = np.zeros((SIDE, SIDE), dtype=np.uint8)
        for value, colour in enumerate(SHAPES[: 2 if clip in "ab" else 3], start=1):
            top, left = rng.integers(0, SIDE - 22, 2)
            box = np.s_[top : top + 22, left : left + 22]
            image[box], label[box] = colour, value
        noisy = (image + rng.integers(-20, 21, image.shape)).clip(0, 255).astype(np.uint8)
        for kind, pixels in (("images", noisy), ("labels", label)):
            (folder / kind).mkdir(exist_ok=True)
            PIL.Image.fromarray(pixels).save(folder / kind / f"{stem}.png")
    (folder / "train.txt").write_text("\n".join(TRAIN))
    (folder / "test.txt").write_text("\n".join(TEST))
    return [
        "--images",
        "images",
        "--labels",
        "labels",
        "--train",
        "train.txt",
        "--test",
        "test.txt",
    ]


def _rough(value: Any) -> Any:  # noqa: ANN401 any JSON
    """Return an evaluation without its training, and its scores roughly."""
    if isinstance(value, dict):
        return {name: _rough(inner) for name, inner in value.items() if name != "probe"}
    if isinstance(value, list):
        return [_rough(inner) for inner in value]
    return round(value, _DECIMALS) if isinstance(value, float) else value


def test_an_evaluation_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scenes, costs and scores of methods and of random seeds are golden, and the files' names."""
    monkeypatch.chdir(tmp_path)
    methods = ("--objectives", OBJECTIVES, "--baselines", "all", "--random", "2")
    plan = ("--cut", "frame", "--budgets", "40%", "--time-limit", "60")
    usual = ("--backbone", "colour_grid", "--out", "out", "--data-dir", "data", "--json")
    answer = run_seedal("evaluate", *_write(tmp_path), *methods, *plan, *usual).answer()
    answer["err"] = []  # progress
    answer["files"] = sorted(path.name for path in (tmp_path / "out").iterdir())
    Golden("evaluate").holds("all methods", Plain()(_rough(answer)))
