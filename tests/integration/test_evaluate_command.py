"""`seedal evaluate` from labelled images on disk to tables, JSON and pictures."""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from labelled_world import TEST, TRAIN, World

from app.choosing.objectives import OBJECTIVES
from app.cli.main import main
from app.evaluation.methods import BASELINE_METHODS

pytestmark = pytest.mark.slow

Evaluate = Callable[..., tuple[int, str, str]]

QUICK = {
    "--cut": "group:^.",
    "--backbone": "colour_grid",
    "--objectives": "centred/greedy",
    "--baselines": "kmeans_furthest",
    "--random": "3",
    "--budgets": "25%,50%",
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Return the small labelled set; nobody changes its files."""
    return World(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a data directory that several runs share."""
    return str(tmp_path_factory.mktemp("data"))


@pytest.fixture
def evaluate(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Evaluate:
    """Return a function that runs `seedal evaluate` and returns its exit status and output."""

    def run(
        *words: str, data: World = world, without: str = "", **flags: str
    ) -> tuple[int, str, str]:
        chosen = {f"--{name.replace('_', '-')}": value for name, value in flags.items()}
        usual = {"--out": str(tmp_path / "out"), "--data-dir": str(tmp_path / "data")}
        named = dict(zip(data.words()[::2], data.words()[1::2], strict=True))
        pairs = usual | named | QUICK | chosen
        pairs.pop(without, None)
        status = main(["evaluate", *(word for pair in pairs.items() for word in pair), *words])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return run


def test_labelled_images_become_tables_json_and_pictures(
    evaluate: Evaluate, stored: str, tmp_path: Path
) -> None:
    """Every file is written and named, what is printed is what is written, and it adds up."""
    status, out, _ = evaluate("--json", data_dir=stored)
    printed = json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} in the JSON"))
    assert status == 0
    _check_standings(printed)
    names = ["evaluation.json", "evaluation.png", "evaluation.svg", "evaluation.txt"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names
    assert sorted(printed.pop("files")) == [str(tmp_path / "out" / name) for name in names]
    assert printed == json.loads((tmp_path / "out" / "evaluation.json").read_bytes())
    with PIL.Image.open(tmp_path / "out" / "evaluation.png") as picture:
        assert min(picture.size) > 300
    assert "<svg" in (tmp_path / "out" / "evaluation.svg").read_text()[:500]


def _check_standings(document: dict[str, Any]) -> None:
    """Work all comparisons and totals out again, from the mIoU of seeds alone."""
    gains: dict[str, list[float]] = {}
    assert [cell["budget"] for cell in document["cells"]] == ["25%", "50%"]
    for cell in document["cells"]:
        random = cell["random_miou"]
        assert len(random) == 3
        assert random == [seed["miou"] for seed in cell["random"]]
        assert cell["method_miou"].keys() == {"centred/greedy", "kmeans_furthest"}
        for method, miou in cell["method_miou"].items():
            against = cell["against_random"][method]
            below = sum(value < miou for value in random) + sum(v == miou for v in random) / 2
            assert against["percentile"] == pytest.approx(below / 3)
            assert against["gain"] == pytest.approx(miou - sum(random) / 3)
            assert against["at_best"] == (miou >= max(random))
            gains.setdefault(method, []).append(against["gain"])
    for total in document["summary"]:
        assert total["gain"] == pytest.approx(float(np.mean(gains[total["method"]])))
        assert total["above_mean"] == np.mean(np.array(gains[total["method"]]) > 0)


def test_people_get_a_table_of_every_method(
    evaluate: Evaluate, stored: str, tmp_path: Path
) -> None:
    """Without --json the tables are printed as they are written, and each method has its row."""
    status, out, err = evaluate(
        data_dir=stored, baselines="k_center,typiclust", objectives="k_center/greedy"
    )
    assert status == 0
    text = (tmp_path / "out" / "evaluation.txt").read_text()
    assert out.startswith(text)
    for name in ("random, mean", "k_center", "typiclust", "k_center/greedy"):
        assert re.search(rf"^{re.escape(name)}  ", text, re.MULTILINE)
    assert "colour_grid sees colours only" in err
    assert out.count("wrote ") == 4


def test_rounds_have_a_picture(evaluate: Evaluate, stored: str, tmp_path: Path) -> None:
    """With --rounds the JSON has every course, and a picture shows them."""
    flags = {"rounds": "1", "acquisitions": "random,core_set", "budgets": "25%", "data_dir": stored}
    document = json.loads(evaluate("--json", **flags)[1])
    courses = document["cells"][0]["methods"]["kmeans_furthest"][0]["rounds"]
    assert list(courses) == ["random", "core_set"]
    assert {len(course["miou"]) for course in courses.values()} == {2}
    assert (tmp_path / "out" / "rounds.png").is_file()
    assert (tmp_path / "out" / "rounds.svg").is_file()


def test_the_help_says_what_every_flag_takes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No flag is without a sentence, and the words that cuts and costs are made of are there."""
    monkeypatch.setenv("COLUMNS", "1000")
    assert main(["evaluate", "--help"]) == 0
    printed = capsys.readouterr().out
    flags = [line for line in printed.splitlines() if line.lstrip().startswith("--")]
    assert len(flags) > 20
    assert all(re.search(r"\s{2,}\w+\W+\w", line) for line in flags)
    for word in ("window:LO-HI", "group:REGEX", "column:FILE:NAME", "core_set"):
        assert word in "".join(printed.split())


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (
            {"objectives": "prettiest"},
            "no objective 'prettiest'; there are " + next(iter(OBJECTIVES)),
        ),
        ({"objectives": "seedal/magic"}, "no strategy 'magic'"),
        ({"baselines": "luck"}, "no baseline 'luck'; there are " + BASELINE_METHODS[0]),
        ({"rounds": "1", "acquisitions": "luck"}, "no acquisition 'luck'"),
        ({"random": "1"}, "--random must be from 2"),
        ({"random": "few"}, "for --random:"),
        ({"repetitions": "0"}, "--repetitions must be"),
        ({"budgets": "0"}, "budget of 0"),
        ({"budgets": "1%"}, "below the cheapest scene of the cut 'group:^.'"),
        ({"budgets": "much"}, "'much' is neither a number nor a percentage"),
        ({"budgets": "none"}, "at least one budget"),
        ({"budgets": "25%,25%"}, "budget 25% is given twice"),
        ({"cut": "slices"}, "cut 'slices': must be frame"),
        ({"cut": "window:3-1"}, "lengths must be from 1 and ascend"),
        ({"cut": "group:(?=a)"}, "cut 'group:(?=a)': the expression"),
        ({"cut": "group:x"}, "finds nothing in 24 stems"),
        ({"cost": "hours"}, "cost 'hours'"),
        ({"cost": ""}, "cost ''"),
        ({"cost": "points"}, "cost 'points': images has no such cost"),
        ({"classes": "1"}, "classes: must be from 2"),
        ({"classes": "2"}, "a_000.png: has the value 2, and with 2 classes"),
        ({"backbone": "resnet1000"}, "unknown backbone 'resnet1000'"),
        ({"backbone": "colour_grid,colour_grid"}, "backbone colour_grid is given twice"),
        ({"token": "eos"}, "token must be"),
        ({"device": "abacus"}, "device must be"),
        ({"weights": "nowhere.pth"}, "colour_grid has no weights"),
        ({"time_limit": "-1"}, "--time-limit must be at least 0"),
        ({"random_seed": "-1"}, "for --random-seed."),
        ({"images": "nowhere"}, "nowhere: is no folder"),
        ({"labels": "nowhere"}, "nowhere: is no folder"),
        ({"train": "nowhere.txt"}, "nowhere.txt: is no file"),
        ({"test_sequences": "08"}, "--test-sequences"),
        ({"semantic_kitti": "root"}, "--semantic-kitti takes the place of --images, --labels"),
    ],
)
def test_bad_options_get_one_sentence(
    flags: dict[str, str], sentence: str, evaluate: Evaluate, tmp_path: Path
) -> None:
    """A wrong option: exit 2, one sentence that names rule and place, no feature and no file."""
    status, out, err = evaluate(**flags)
    assert (status, out) == (2, "")
    assert sentence in err
    assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("flag", ["--images", "--labels", "--train", "--test", "--cut", "--out"])
def test_a_missing_part_is_named(flag: str, evaluate: Evaluate, tmp_path: Path) -> None:
    """Labelled data have four parts; the sentence names the one that lacks."""
    status, out, err = evaluate(without=flag)
    assert (status, out) == (2, "")
    assert flag in err.rpartition("issing")[2]
    assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def _cut_label(world: World) -> str:
    path = world.labels / "b_002.png"
    path.write_bytes(path.read_bytes()[:60])
    return f"{path}: the label cannot be read"


def _coloured_label(world: World) -> str:
    path = world.labels / "b_002.png"
    PIL.Image.open(world.images / "b_002.png").save(path)
    return f"{path}: has colours"


def _small_label(world: World) -> str:
    path = world.labels / "b_002.png"
    with PIL.Image.open(path) as label:
        small = label.resize((32, 32), PIL.Image.Resampling.NEAREST)
    small.save(path)
    return f"{path}: the label has 32 x 32 pixels"


def _no_label(world: World) -> str:
    (world.labels / "b_002.png").unlink()
    return f"{world.train}:9: no label"


def _cut_image(world: World) -> str:
    path = world.images / "b_002.png"
    path.write_bytes(path.read_bytes()[:200])
    return str(path)


def _overlap(world: World) -> str:
    world.lists(test=[*TEST, TRAIN[3]])
    return f"{world.test}:9: the stem 'a_003' is also in {world.train}:4"


def _unknown_stem(world: World) -> str:
    world.lists(train=[*TRAIN, "z_000"])
    return f"{world.train}:25: no label"


def _empty_list(world: World) -> str:
    world.train.write_text("# nothing\n")
    return f"{world.train}: names no image"


SPOILED = {
    spoil.__name__.strip("_"): spoil
    for spoil in (
        _cut_label,
        _coloured_label,
        _small_label,
        _no_label,
        _cut_image,
        _overlap,
        _unknown_stem,
        _empty_list,
    )
}


@pytest.mark.parametrize("kind", SPOILED)
def test_bad_data_is_named(kind: str, evaluate: Evaluate, tmp_path: Path) -> None:
    """A label, image or list that breaks a rule: exit 2, one sentence with its file and line."""
    spoiled = World(tmp_path / "world")
    sentence = SPOILED[kind](spoiled)
    status, out, err = evaluate(data=spoiled)
    assert (status, out) == (2, "")
    assert sentence in err.splitlines()[-1]
    assert "Traceback" not in err
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_is_named_at_once(evaluate: Evaluate, tmp_path: Path) -> None:
    """An output path at or below a file is refused before a label is read."""
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "below" / "out"):
        status, printed, err = evaluate(out=str(out))
        assert (status, printed) == (2, "")
        assert err == f"seedal: {out}: cannot be written ({tmp_path / 'file'} is no folder).\n"
    assert not (tmp_path / "data").exists()


def test_what_lacks_is_said_first(
    evaluate: Evaluate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the extra that draws pictures there is one sentence that says what to install."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    status, out, err = evaluate()
    assert (status, out) == (2, "")
    assert err.endswith(
        "seedal evaluate needs the extra: pip install 'seedal-service[evaluation]'\n"
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.shared_data
def test_real_scans_are_paid_for_by_points(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """SemanticKITTI's layout needs its root only; its classes have names, its scans points."""
    root = shared_data / "mini_semantickitti"
    quick = ["--objectives", "none", "--baselines", "k_center", "--random", "2", "--budgets", "10%"]
    places = ["--out", str(tmp_path / "out"), "--data-dir", str(tmp_path / "data")]
    words = ["--semantic-kitti", str(root), "--cut", "frame", "--backbone", "colour_grid"]
    assert main(["evaluate", *words, *quick, *places, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["cost"] == "points"
    assert "car" in document["classes"]
    assert document["cells"][0]["methods"].keys() == {"k_center"}
