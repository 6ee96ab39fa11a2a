"""What the command line refuses: the sentence and the exit status of each kind of mistake."""

import json
import lzma
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from doors import run_seedal
from problems_on_disk import signatures, write_rules
from sources_on_disk import PLACE
from stored import Golden, Plain

KNAPSACK: Final = b"3 3 int\n0 1 10\n1 2 7\n2 2 4\n3 2 2\n5\n"
SOLVE: Final = ("solve", "rooms.npz", "--budget", "40")
ROOT: Final = f"{PLACE}/manifest/scenes.jsonl"
SELECT: Final = ("select", "--out", "out", "--data-dir", "data", "--budget", "40%")
GRID: Final = (*SELECT, "--root", ROOT, "--backbone", "colour_grid")
EVALUATE: Final = ("evaluate", "--out", "out", "--data-dir", "data")


def _npz(**changes: object) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        content: dict[str, Any] = {
            k: v for k, v in (signatures(12) | changes).items() if v is not None
        }
        np.savez(path.with_suffix(".npz"), **content)
        path.with_suffix(".npz").rename(path)

    return write


def _bytes(content: bytes) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(content) and None


FILES: Final[dict[str, tuple[str, Callable[[Path], object]]]] = {
    "missing": ("gone.npz", lambda _: None),
    "a pipe": ("pipe.npz", os.mkfifo),
    "no costs": ("bad.npz", _npz(costs=None)),
    "weights that are no numbers": ("bad.npz", _npz(weights=np.full(12, np.nan))),
    "a negative cost": ("bad.npz", _npz(costs=np.full(12, -1.0))),
    "too few weights": ("bad.npz", _npz(weights=np.ones(3))),
    "vectors in one dimension": ("bad.npz", _npz(vectors=np.ones(12))),
    "vectors that are too long": ("bad.npz", _npz(vectors=np.full((12, 2), 3.0))),
    "an id twice": ("bad.npz", _npz(ids=np.array(["a"] * 12))),
    "objects": ("bad.npz", _npz(ids=np.array([None] * 12, dtype=object))),
    "no archive": ("bad.npz", _bytes(b"hello")),
    "a cut archive": ("bad.npz", _bytes(b"PK\x03\x04" + bytes(20))),
    "an empty folder": ("empty", Path.mkdir),
    "no text": ("q.txt", _bytes(bytes(range(256)))),
    "another text": ("q.txt", _bytes(b"hello\n")),
    "an empty text": ("q.txt", _bytes(b"")),
    "lines too many": ("q.txt", _bytes(KNAPSACK + b"1 2 3\n")),
    "a number that is none": ("q.txt", _bytes(KNAPSACK.replace(b"10", b"x"))),
    "an infinite number": ("q.txt", _bytes(KNAPSACK.replace(b"10", b"inf"))),
    "an item that is none": ("q.txt", _bytes(KNAPSACK.replace(b"0 1", b"0 9"))),
    "a pair twice": ("q.txt", _bytes(KNAPSACK.replace(b"1 2 7", b"1 0 7"))),
    "too few costs": ("q.txt", _bytes(KNAPSACK.replace(b"3 2 2", b"3 2"))),
    "a cut stream": ("q.xz", _bytes(lzma.compress(KNAPSACK * 50)[:-20])),
}

RULES: Final[dict[str, object]] = {
    "no object": [],
    "an unknown member": {"wishes": []},
    "an unknown item": {"include": ["nowhere"]},
    "items that are no list": {"exclude": "scene-1"},
    "an item twice": {"include": ["scene-1", "scene-1"]},
    "included and excluded": {"include": ["scene-1"], "exclude": ["scene-1"]},
    "a count that is none": {"min_scenes": -1},
    "more at least than at most": {"min_scenes": 3, "max_scenes": 2},
    "an unknown group": {"groups": [{"group": "x", "min": 1}]},
    "a group that is no object": {"groups": ["even"]},
    "an unknown resource": {"side_budgets": [{"resource": "days", "limit": 1}]},
    "a limit that is none": {"side_budgets": [{"resource": "hours", "limit": "1"}]},
}

WORDS: Final[dict[str, tuple[str, ...]]] = {
    "an unknown command": ("explode",),
    "an unknown option": ("select", "--nonsense"),
    "an option too few": ("select",),
    "solve: no budget": ("solve", "rooms.npz"),
    "solve: a negative budget": (*SOLVE[:-1], "-1"),
    "solve: a budget that is no number": (*SOLVE[:-1], "nan"),
    "solve: more than everything": (*SOLVE[:-1], "101%"),
    "solve: an unknown strategy": (*SOLVE, "--strategy", "magic"),
    "solve: a negative gap": (*SOLVE, "--gap", "-1"),
    "solve: a negative time": (*SOLVE, "--time-limit", "-1"),
    "solve: a negative random seed": (*SOLVE, "--random-seed", "-1"),
    "solve: a certificate nowhere": (*SOLVE, "--certificate", "rooms.npz/proof.json"),
    "solve: rules nowhere": (*SOLVE, "--constraints", "gone.json"),
    "solve: rules that are no JSON": (*SOLVE, "--constraints", "pairs.txt"),
    "verify: no certificate": ("verify", "rooms.npz", "gone.json"),
    "verify: no JSON": ("verify", "rooms.npz", "pairs.txt"),
    "verify: a list": ("verify", "rooms.npz", "list.json"),
    "verify: another JSON": ("verify", "rooms.npz", "empty.json"),
    "frontier: no budgets": ("frontier", "rooms.npz"),
    "frontier: half a range": ("frontier", "rooms.npz", "--from", "5%"),
    "frontier: a list and a range": ("frontier", "rooms.npz", "--budgets", "5", "--steps", "3"),
    "frontier: no steps": ("frontier", "rooms.npz", "--from", "5%", "--to", "9%", "--steps", "0"),
    "frontier: a budget that is none": ("frontier", "rooms.npz", "--budgets", "5,x"),
    "select: a root nowhere": (*SELECT, "--root", f"{PLACE}/gone"),
    "select: a root of no kind": (*SELECT, "--root", f"{PLACE}/coco"),
    "select: a file of no kind": (*SELECT, "--root", f"{PLACE}/manifest/vectors.npz"),
    "select: an unknown kind": (*GRID, "--source", "imagenet"),
    "select: another kind": (*SELECT, "--root", f"{PLACE}/images", "--source", "s3dis"),
    "select: an option of another kind": (*GRID, "--unit", "keyframe"),
    "select: an unknown unit": (*SELECT, "--root", f"{PLACE}/nuscenes", "--unit", "sweep"),
    "select: an unknown split": (*SELECT, "--root", f"{PLACE}/s3dis", "--split", "test"),
    "select: an unknown resource": (*GRID, "--resource", "days"),
    "select: a pattern without a group": (
        *(*SELECT, "--root", f"{PLACE}/coco/instances.json"),
        *("--scene-from", "x"),
    ),
    "select: a pattern that is too large": (
        *(*SELECT, "--root", f"{PLACE}/coco/instances.json"),
        *("--scene-from", "(.{0,512}).{0,512}X"),
    ),
    "select: a budget below the cheapest scene": (*GRID, "--budget", "5"),
    "select: a share below the cheapest scene": (*GRID, "--budget", "1%"),
    "select: a budget that is no number": (*GRID, "--budget", "much"),
    "select: an unknown backbone": (*GRID, "--backbone", "resnet1000"),
    "select: an unknown token": (*GRID, "--token", "words"),
    "select: no clusters": (*GRID, "--clusters", "0"),
    "select: an unknown device": (*GRID, "--device", "tpu"),
    "select: an unknown precision": (*GRID, "--precision", "int8"),
    "select: no batch": (*GRID, "--batch-size", "0"),
    "select: weights of what has none": (*GRID, "--weights", "gone.pt"),
    "select: a hash that is none": (*GRID, "--weights-sha256", "0"),
    "select: an unknown engine": (*GRID, "--engine", "cloud"),
    "select: actors without Ray": (*GRID, "--actors", "2"),
    "select: a threshold that is none": (*GRID, "--sparsify", "2"),
    "select: an unknown tail": (*GRID, "--sparsify", "0.5", "--sparsify-tail", "cut"),
    "select: a tail alone": (*GRID, "--sparsify-tail", "drop"),
    "select: an unknown objective": (*GRID, "--objective", "beauty"),
    "select: an unknown strategy": (*GRID, "--strategy", "luck"),
    "select: a negative gap": (*GRID, "--gap", "-1"),
    "select: an unknown format": (*GRID, "--format", "pdf"),
    "select: a format that does not fit": (*GRID, "--format", "redal"),
    "select: an image that cannot be read": (
        *(*SELECT, "--root", f"{PLACE}/manifest/broken.jsonl", "--backbone", "colour_grid"),
        "--strict",
    ),
    "select: an output below a file": (*GRID, "--out", "rooms.npz/out"),
    "select: data below a file": (*GRID, "--data-dir", "rooms.npz/data"),
    "select: vectors nowhere": (*SELECT, "--root", ROOT, "--vectors", "gone.npz"),
    "select: vectors in no known file": (*SELECT, "--root", ROOT, "--vectors", "pairs.txt"),
    "select: vectors without ids": (*SELECT, "--root", ROOT, "--vectors", "rooms/vectors.npy"),
    "select: vectors of others": (*SELECT, "--root", ROOT, "--vectors", "others.npz"),
    "select: vectors and a backbone": (*GRID, "--vectors", f"{PLACE}/manifest/vectors.npz"),
    "select: ids alone": (*SELECT, "--root", ROOT, "--vector-ids", "ids.txt"),
    "evaluate: no cut": EVALUATE,
    "evaluate: an unknown cut": (*EVALUATE, "--cut", "half"),
    "evaluate: no images": (*EVALUATE, "--cut", "frame", "--backbone", "colour_grid"),
    "weights: an unknown backbone": ("weights", "fetch", "resnet1000"),
    "weights: a backbone without": ("weights", "fetch", "colour_grid"),
    "keys: an unknown key": ("keys", "revoke", "nobody", "--data-dir", "data"),
    "keys: an unknown scope": (
        *("keys", "create", "--name", "n", "--data-dir", "data"),
        *("--scopes", "datasets:read,seeds:admin"),
    ),
    "keys: a project that is none": (
        *("keys", "create", "--name", "n", "--data-dir", "data"),
        *("--project", "a/../b"),
    ),
    "keys: no days": (
        *("keys", "create", "--name", "n", "--data-dir", "data"),
        *("--expires-days", "0"),
    ),
    "serve: a public address without a key": (
        *("serve", "--host", "0.0.0.0", "--data-dir", "data", "--no-worker"),  # noqa: S104 meant
    ),
    "serve: a port that is none": ("serve", "--port", "99999", "--data-dir", "data"),
}

LINES: Final[dict[str, str]] = {
    "no JSON": "{oops",
    "no object": "[]",
    "no id": '{"cost": 1}',
    "an id that is none": '{"scene_id": 5.5, "cost": 1}',
    "an id twice": '{"scene_id": "good", "cost": 1}',
    "no cost": '{"scene_id": "a"}',
    "a negative cost": '{"scene_id": "a", "cost": -1}',
    "a cost that is no number": '{"scene_id": "a", "cost": NaN}',
    "a cost that is a text": '{"scene_id": "a", "cost": "12"}',
    "a slip of the pen": '{"scene_id": "a", "cost": 1, "grupo": "red"}',
    "images that are no list": '{"scene_id": "a", "cost": 1, "images": {"uri": "a.png"}}',
    "an image of another scheme": '{"scene_id": "a", "cost": 1, "images": ["gopher://a/b.png"]}',
    "a region twice": '{"scene_id": "a", "cost": 1, "regions": [1, 1]}',
}


def _write_more(folder: Path) -> None:
    (folder / "list.json").write_text("[]")
    (folder / "empty.json").write_text("{}")
    others = [f"room/{k}" for k in range(11)]
    np.savez(folder / "others.npz", scene_ids=np.array(others), vectors=np.eye(11))


def _plain(answer: dict[str, Any], folder: Path) -> Any:  # noqa: ANN401 any JSON
    return Plain({str(folder): "<TMP>"})(answer)


@pytest.mark.parametrize("kind", FILES)
def test_bad_files_stay_refused(kind: str, problems: Path) -> None:
    """What is wrong with a problem's file is told in the golden sentence."""
    name, write = FILES[kind]
    write(problems / name)
    answer = run_seedal("solve", name, "--budget", "5", "--json").answer()
    Golden("refusals").holds(f"file: {kind}", _plain(answer, problems))


@pytest.mark.parametrize("kind", RULES)
def test_bad_rules_stay_refused(kind: str, problems: Path) -> None:
    """So is what is wrong with constraints."""
    write_rules(problems / "rules.json", RULES[kind])
    answer = run_seedal(*SOLVE, "--constraints", "rules.json", "--json").answer()
    Golden("refusals").holds(f"rules: {kind}", _plain(answer, problems))


@pytest.mark.parametrize("kind", LINES)
def test_bad_lines_stay_refused(kind: str, problems: Path) -> None:
    """So is a line of a manifest, by its number."""
    (problems / "scenes.jsonl").write_text(
        f"{json.dumps({'scene_id': 'good', 'cost': 1})}\n{LINES[kind]}\n"
    )
    answer = run_seedal(*SELECT, "--root", "scenes.jsonl", "--backbone", "colour_grid").answer()
    Golden("refusals").holds(f"line: {kind}", _plain(answer, problems))


@pytest.mark.parametrize("kind", WORDS)
def test_bad_words_stay_refused(kind: str, problems: Path, sources: Path) -> None:
    """So are words that the shell cannot mean, and nothing is written then."""
    assert sources == PLACE
    _write_more(problems)
    said = run_seedal(*WORDS[kind])
    answer = said.answer()
    answer["err"] = [line for line in answer["err"] if "features:" not in line]
    assert said.status != 0
    assert not (problems / "out").exists()
    Golden("refusals").holds(f"words: {kind}", _plain(answer, problems))
