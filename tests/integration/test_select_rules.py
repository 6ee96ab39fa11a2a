"""`seedal select`, `solve` and `frontier` on a source: rules, budgets, proofs, refusals."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.cli.main import main

Manifest = Callable[..., Path]
Record = dict[str, Any]
Run = Callable[..., tuple[int, str, str]]

RULES = {
    "include": ["room/3"],
    "exclude": ["room/0"],
    "labelled": ["room/6"],
    "min_scenes": 2,
    "max_scenes": 3,
    "groups": [{"group": "north", "min": 1, "max": 2}],
    "side_budgets": [{"resource": "hours", "limit": 5}],
}
FLAGS = (
    *("--include", "room/3", "--exclude", "room/0", "--labelled", "room/6"),
    *("--min-scenes", "2", "--max-scenes", "3"),
    *("--group-limit", "north=1:2", "--side-budget", "hours=5"),
)


def _grouped(records: list[Record]) -> None:
    for k, record in enumerate(records):
        record["group"] = ("north", "south")[k % 2]
        record["costs"] = {"points": record.pop("cost"), "hours": 1 + k % 3}


@pytest.fixture
def root(manifest: Manifest) -> str:
    """Return a pool of eight scenes with groups and two resources."""
    return str(manifest(change=_grouped))


@pytest.fixture
def run(tmp_path: Path, root: str, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs a command on the pool; it returns status and output."""

    def call(command: str, *words: object) -> tuple[int, str, str]:
        source = ("--root", root, "--resource", "points", "--backbone", "colour_grid")
        data = ("--data-dir", str(tmp_path / "data"))
        out = ("--out", str(tmp_path / "out")) if command == "select" else ()
        status = main([command, *source, *data, *out, *map(str, words)])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return call


def _chosen(seed: dict[str, Any]) -> list[str]:
    return sorted(scene["scene_id"] for scene in seed["scenes"])


def test_rules_in_a_file_and_as_flags_are_the_same(run: Run, tmp_path: Path) -> None:
    """A JSON file, flags, and each half as one of the two give one seed, which keeps them all."""
    (tmp_path / "rules.json").write_text(json.dumps(RULES))
    half = {name: RULES[name] for name in ("include", "max_scenes", "side_budgets")}
    (tmp_path / "half.json").write_text(json.dumps(half))
    (tmp_path / "ids.txt").write_text("room/0\n\n")
    by_file = json.loads(run("select", *BUDGET, "--constraints", tmp_path / "rules.json")[1])
    by_flags = json.loads(run("select", *BUDGET, *FLAGS)[1])
    mixed = json.loads(
        run(
            *("select", *BUDGET, "--constraints", tmp_path / "half.json"),
            *("--exclude", f"@{tmp_path / 'ids.txt'}", "--labelled", "room/6"),
            *("--min-scenes", 2, "--group-limit", "north=1:2"),
        )[1]
    )
    for seed in (by_file, by_flags, mixed):
        assert _chosen(seed) == _chosen(by_file)
        assert seed["constraints"] == {k: v for k, v in RULES.items() if k != "side_budgets"}
        assert seed["side_budgets"] == RULES["side_budgets"]
    chosen = _chosen(by_file)
    assert "room/3" in chosen
    assert {"room/0", "room/6"}.isdisjoint(chosen)
    assert 2 <= len(chosen) <= 3
    assert 1 <= sum(int(name[-1]) % 2 == 0 for name in chosen) <= 2
    assert sum(1 + int(name[-1]) % 3 for name in chosen) <= 5


BUDGET = ("--budget", "60%", "--json")


def test_a_seed_is_what_solve_finds(run: Run, tmp_path: Path) -> None:
    """`solve` on the same source, and on the problem's file, chooses the same scenes."""
    flags = [word for word in FLAGS if word not in {"--group-limit", "north=1:2"}]
    seed = json.loads(run("select", *BUDGET, "--problem", *flags)[1])
    by_source = json.loads(run("solve", *BUDGET, *flags)[1])
    words = [str(tmp_path / "out" / "problem.npz"), "--budget", str(seed["budget"]["limit"])]
    answer = tmp_path / "answer.json"
    assert main(["solve", *words, *flags, "--json", "--certificate", str(answer)]) == 0
    assert sorted(by_source["selected"]) == _chosen(seed)
    assert by_source["objective"] == pytest.approx(seed["objective"])
    assert json.loads(answer.read_text())["objective"] == pytest.approx(seed["objective"])


def test_a_certificate_holds(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`verify` accepts proof.json for problem.npz, with rules and without."""
    for flags in ((), FLAGS):
        status, _, err = run("select", *BUDGET, "--certificate", "--problem", *flags)
        assert status == 0, err
        files = [str(tmp_path / "out" / name) for name in ("problem.npz", "proof.json")]
        assert main(["verify", *files, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["holds"]


def test_solve_writes_the_problem_of_a_source(run: Run, tmp_path: Path) -> None:
    """Problem and proof of a source lie where the flags say, and `verify` accepts them."""
    files = [str(tmp_path / "problem.npz"), str(tmp_path / "proof.json")]
    assert run("solve", *BUDGET, "--problem", files[0], "--certificate", files[1])[0] == 0
    assert main(["verify", *files]) == 0


def test_several_budgets_are_several_seeds(run: Run, tmp_path: Path) -> None:
    """Each has a folder, the JSON is a list, and each is what it would be alone."""
    status, out, _ = run("select", "--budget", "30%", "--budget", "60", "--json")
    first, second = json.loads(out)
    assert status == 0
    for seed, name in ((first, "30%"), (second, "60")):
        folder = tmp_path / "out" / name
        assert [Path(path) for path in seed["files"]] == [
            folder / "seed.jsonl",
            folder / "seed.json",
        ]
        assert json.loads((folder / "seed.json").read_bytes())["scenes"] == seed["scenes"]
        alone = json.loads(run("select", "--budget", name, "--json")[1])
        assert alone["scenes"] == seed["scenes"]
    assert second["budget"]["limit"] == 60
    status, _, err = run("select", "--budget", "30%", "--budget", "30.0%")
    assert (status, err) == (2, "seedal: The budget 30% is given twice.\n")
    status, _, err = run("select", "--budget", "30%", "--budget", "30.00000001%")
    assert (status, err) == (2, "seedal: The budget 30% is given twice.\n")  # one folder for both


def test_several_budgets_are_all_or_none(run: Run, tmp_path: Path) -> None:
    """Where one of them buys nothing, no file is written."""
    status, out, err = run("select", "--budget", "60%", "--budget", "1%", "--json")
    assert (status, out) == (2, "")
    assert "is below the cheapest scene" in err.splitlines()[-1]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("objective", ["seedal", "k_center", "coverage", "recommended"])
def test_a_frontier_of_a_source(run: Run, objective: str) -> None:
    """Its points ascend, and the last is what `solve` finds for that budget."""
    words = ("--objective", objective, "--json")
    status, out, _ = run("frontier", "--budgets", "20%,40%,60%", "--gap", "0", *words)
    points = json.loads(out)["points"]
    assert status == 0
    assert [p["objective"] for p in points] == sorted(p["objective"] for p in points)
    solved = json.loads(run("solve", "--budget", "60%", *words)[1])
    assert points[-1]["objective"] == pytest.approx(solved["objective"])
    assert all(name.startswith("room/") for name in points[-1]["selected"])


def test_quiet_prints_the_result_alone(run: Run) -> None:
    """With -q there is neither progress nor a note; why a command fails is said all the same."""
    status, out, err = run("select", "--budget", "60%", "-q")
    assert (status, err) == (0, "")
    assert "proven" in out
    status, _, err = run("select", "-q", "--budget", "1")
    assert status == 2
    assert len(err.splitlines()) == 1


REFUSED = {
    "a format for other sources": (("--format", "redal"), "not for manifest"),
    "no such format": (("--format", "pdf"), "no format 'pdf'"),
    "no such scene": (("--include", "room/99"), "include: 'room/99' is none of the items"),
    "no such group": (("--group-limit", "west=1:"), "no item is of group 'west'"),
    "no such resource": (("--side-budget", "euros=1"), "no costs of resource 'euros'"),
    "half a group limit": (("--group-limit", "north"), "--group-limit is GROUP=MIN:MAX"),
    "an empty range": (("--group-limit", "north=:"), "--group-limit is GROUP=MIN:MAX"),
    "half a side budget": (("--side-budget", "hours"), "--side-budget is RESOURCE=AMOUNT"),
    "a side budget below 0": (("--side-budget", "hours=-1"), "--side-budget is RESOURCE=AMOUNT"),
    "a file that is none": (("--include", "@gone.txt"), "--include: gone.txt cannot be read"),
    "rules that are none": (("--constraints", "gone.json"), "gone.json: there is no such file"),
    "fewer than none": (("--min-scenes", "-1"), "--min-scenes must be a whole number"),
    "in and out": (
        ("--include", "room/1", "--exclude", "room/1"),
        "contradict each other: scene 'room/1' is in --include and in --exclude",
    ),
    "more at least than at most": (
        ("--min-scenes", "3", "--max-scenes", "2"),
        "--min-scenes of 3 is above --max-scenes of 2",
    ),
    "more named than allowed": (
        ("--include", "room/1", "--include", "room/2", "--max-scenes", "1"),
        "No selection keeps all of this",
    ),
    "two limits of a group": (
        ("--group-limit", "north=1:2", "--group-limit", "north=2:"),
        "--group-limit limits 'north', which is limited already",
    ),
    "ids without vectors": (("--vector-ids", "ids.txt"), "give both"),
    "a budget that buys nothing": (("--budget", "5"), "below the cheapest scene"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_is_refused_before_an_image_is_read(
    kind: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence and exit 2; the pipeline was not begun, and nothing was written."""
    monkeypatch.setattr("app.seeds.selection.prepare", lambda *_: pytest.fail("reads images"))
    words, sentence = REFUSED[kind]
    budget = () if "--budget" in words else ("--budget", "60%")
    status, out, err = run("select", *budget, *words)
    assert (status, out) == (2, "")
    assert sentence in err
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "data").exists()


def test_a_file_in_the_place_of_the_folder_is_refused_first(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So is an --out that is a file, and a file that `solve` could not write."""
    monkeypatch.setattr("app.seeds.selection.open_source", lambda *_: pytest.fail("reads"))
    (tmp_path / "out").write_text("")
    status, _, err = run("select", "--budget", "60%")
    assert (status, err) == (
        2,
        f"seedal: {tmp_path / 'out'}: cannot be written ({tmp_path / 'out'} is no folder).\n",
    )
    for flag in ("--certificate", "--problem"):
        status, _, err = run("solve", "--budget", "60%", flag, tmp_path)
        assert (status, err) == (2, f"seedal: {tmp_path}: cannot be written (it is a folder).\n")
    one = tmp_path / "one"
    status, _, err = run("solve", "--budget", "60%", "--certificate", one, "--problem", one)
    assert status == 2
    assert err == f"seedal: --certificate and --problem both name {one}; they are two files.\n"


def test_flags_and_a_file_may_not_differ(run: Run, tmp_path: Path) -> None:
    """A number that file and flag give differently is refused; the same one is fine."""
    (tmp_path / "rules.json").write_text('{"min_scenes": 2}')
    words = ("--budget", "60%", "--constraints", tmp_path / "rules.json", "--min-scenes")
    status, _, err = run("select", *words, 1)
    assert status == 2
    assert "--min-scenes says 1 and the file of --constraints 2" in err
    assert run("select", *words, 2)[0] == 0


@pytest.mark.parametrize("command", ["solve", "frontier"])
def test_a_problem_is_a_file_or_a_source(command: str, run: Run, tmp_path: Path) -> None:
    """Neither and both are one sentence; so are options of sources beside a file."""
    path = tmp_path / "problem.npz"
    rng = np.random.default_rng(0)
    np.savez(path, weights=np.ones(3), vectors=rng.uniform(0, 0.5, (3, 2)), costs=np.ones(3))
    budget = ("--budget", "2") if command == "solve" else ("--budgets", "2")
    for status, _, err in (run(command, path, *budget), (main([command, *budget]), "", "")):
        assert status == 2
        assert err == "" or "one of the two" in err
    assert main([command, str(path), *budget, "--strict"]) == 2
    assert main([command, str(path), *budget, "--include", "0"]) == 0


def test_a_source_brings_no_budget(run: Run) -> None:
    """`solve --root` without --budget is one sentence."""
    status, _, err = run("solve")
    assert (status, err) == (2, "seedal: A source brings no budget; give one with --budget.\n")
    assert "one of the two" in run("solve", "problem.npz")[2]  # a budget would not help
