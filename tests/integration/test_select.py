"""`seedal select` from pictures on disk to files on disk."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.choosing.objectives import OBJECTIVES
from app.cli.main import main
from app.exports import FORMATS
from features.sources import KINDS
from solver.model.options import STRATEGIES

Manifest = Callable[..., Path]
Record = dict[str, Any]
Select = Callable[..., tuple[int, str, str]]


@pytest.fixture
def select(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Select:
    """Return a function that runs `seedal select` and returns its exit status and output."""

    def run(root: Path, *words: str, budget: str = "40%") -> tuple[int, str, str]:
        data, out = str(tmp_path / "data"), str(tmp_path / "out")
        base = ["select", "--root", str(root), "--budget", budget, "--data-dir", data]
        if "--out" not in words:
            base += ["--out", out]
        if "--backbone" not in words:
            base += ["--backbone", "colour_grid"]
        status = main([*base, *words])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return run


def test_a_budget_becomes_files(manifest: Manifest, select: Select, tmp_path: Path) -> None:
    """Pictures and a budget in, a seed within the budget out, as JSON on stdout and as files."""
    status, out, _ = select(manifest(), "--json", "--format", "csv")
    seed = json.loads(out)
    assert status == 0
    assert seed["total_cost"] <= seed["budget"]["limit"] == pytest.approx(0.4 * 108)
    assert seed["status"] == "optimal"
    assert seed["gap"] == 0
    assert sum(scene["cost"] for scene in seed["scenes"]) == seed["total_cost"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["seed.csv", "seed.json"]
    written = json.loads((tmp_path / "out" / "seed.json").read_bytes())
    assert written == {key: value for key, value in seed.items() if key != "files"}


def test_a_coco_file_is_grouped_as_the_flag_says(
    manifest: Manifest, select: Select, tmp_path: Path
) -> None:
    """--scene-from reaches the source; images may lie under another root."""
    images = sorted(manifest().parent.glob("images/*.png"))
    file = tmp_path / "instances.json"
    entries = [{"id": i, "file_name": path.name} for i, path in enumerate(images)]
    file.write_text(json.dumps({"images": entries}))
    words = ("--images-root", str(images[0].parent), "--scene-from", "^([0-9]+)_")
    status, out, _ = select(file, "--json", *words)
    seed = json.loads(out)
    assert status == 0
    assert seed["source"]["kind"] == "coco"
    assert seed["budget"]["resource"] == "images"
    assert {scene["cost"] for scene in seed["scenes"]} == {3}
    status, _, err = select(file, *words[:3], "(.{0,512}).{0,512}")
    assert status == 2
    assert "scene_from: must be smaller" in err


def test_a_room_without_images_stands_among_the_unlabelled(
    select: Select, manifest: Manifest, tmp_path: Path
) -> None:
    """S3DIS has such rooms: noted, left out of the choice, and not lost in ReDAL's files."""
    pictures = sorted(manifest().parent.glob("images/*.png"))
    root = tmp_path / "s3dis"
    rooms = [f"office_{number}" for number in range(5)]
    for folder in ("Area_1/coords", "area_1/data/rgb"):
        (root / folder).mkdir(parents=True)
    for number, room in enumerate(rooms):
        np.save(root / "Area_1" / "coords" / f"{room}.npy", np.zeros((number + 1, 3)))
        for frame in range(2) if room != "office_3" else ():
            name = f"camera_{'a' * 32}_{room}_frame_{frame}_domain_rgb.png"
            picture = pictures[2 * number + frame].read_bytes()
            (root / "area_1" / "data" / "rgb" / name).write_bytes(picture)
    status, out, _ = select(root, "--format", "redal", "--json", budget="50%")
    seed = json.loads(out)
    assert status == 0
    assert "1 room (Area_1/office_3) without images" in seed["notes"]
    (labelled,) = (tmp_path / "out").rglob("init_label_scan.json")
    chosen = json.loads(labelled.read_text())
    rest = json.loads(labelled.with_name("init_ulabel_scan.json").read_text())
    assert "Area_1/coords/office_3.npy" in rest
    assert sorted(chosen + rest) == [f"Area_1/coords/{room}.npy" for room in rooms]


def test_the_help_names_every_kind_and_its_options(
    select: Select,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What `--source` and `--objective` may be is what there is; an unfit option is refused."""
    monkeypatch.setenv("COLUMNS", "1000")
    assert main(["select", "--help"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if "--" in line}
    assert all(kind in lines["--source"] for kind in KINDS)
    assert all(objective in lines["--objective"] for objective in OBJECTIVES)
    assert all(strategy in lines["--strategy"] for strategy in STRATEGIES)
    assert all(form in lines["--format"] for form in FORMATS)
    (tmp_path / "scenes.csv").write_text("scene_id,cost\na,1\n")
    status, _, err = select(tmp_path / "scenes.csv", "--unit", "keyframe")
    assert status == 2
    assert "a source of kind manifest has no option unit" in err


def test_people_get_a_few_lines(manifest: Manifest, select: Select) -> None:
    """Without --json the answer is short text with the proof in words."""
    status, out, _ = select(manifest())
    assert status == 0
    assert "proven: no other choice is better" in out
    assert "room/" in out


def test_a_second_run_reuses_every_stage(manifest: Manifest, select: Select) -> None:
    """What was computed once is not computed again, and the answer is the same."""
    path = manifest()
    first = json.loads(select(path, "--json")[1])
    second = json.loads(select(path, "--json")[1])
    stages = {stage["name"]: stage for stage in second["stages"]}
    assert all(stages[name]["computed"] == 0 for name in ("vectors", "signatures", "index", "seed"))
    assert second["scenes"] == first["scenes"]


def test_a_changed_setting_is_never_answered_from_the_store(
    manifest: Manifest, select: Select
) -> None:
    """Another token, number of centres or strategy is worked out anew."""
    path = manifest()
    select(path, "--json")
    for words, stage in (
        (("--token", "patch_keys"), "vectors"),
        (("--clusters", "2"), "signatures"),
        (("--strategy", "greedy"), "seed"),
        (("--objective", "pairwise"), "seed"),
    ):
        stages = json.loads(select(path, "--json", *words)[1])["stages"]
        assert {s["name"]: s["computed"] for s in stages}[stage] > 0


def _broken(write: Callable[[Path], None]) -> Callable[[Path], None]:
    def spoil(pool: Path) -> None:
        write(pool / "images" / "0_0.png")

    return spoil


def _cut(path: Path) -> None:
    from PIL import Image  # noqa: PLC0415 - only here

    jpeg = path.with_suffix(".jpg")
    Image.open(path).save(jpeg)
    path.write_bytes(jpeg.read_bytes()[:200])


BROKEN_IMAGES = {
    "missing": _broken(Path.unlink),
    "empty": _broken(lambda path: path.write_bytes(b"") and None),
    "text": _broken(lambda path: path.write_text("not a picture") and None),
    "truncated": _broken(_cut),
}


@pytest.mark.parametrize("kind", BROKEN_IMAGES)
def test_a_broken_image_is_reported_and_the_scene_goes_on(
    kind: str, manifest: Manifest, select: Select
) -> None:
    """An image that cannot be read is named in one sentence; its scene keeps the others."""
    path = manifest()
    BROKEN_IMAGES[kind](path.parent)
    status, out, err = select(path, "--json")
    seed = json.loads(out)
    assert status == 0
    (failure,) = seed["image_failures"]
    assert failure["uri"].endswith("0_0.png")
    assert sum("0_0.png" in line for line in err.splitlines()) == 1
    assert seed["left_out"] == []


@pytest.mark.parametrize("kind", BROKEN_IMAGES)
def test_strict_refuses_a_broken_image(
    kind: str, manifest: Manifest, select: Select, tmp_path: Path
) -> None:
    """With --strict the first unreadable image ends the run with one sentence and no file."""
    path = manifest()
    BROKEN_IMAGES[kind](path.parent)
    status, out, err = select(path, "--strict")
    assert (status, out) == (2, "")
    assert "0_0.png" in err.splitlines()[-1]
    assert not (tmp_path / "out").exists()


def test_a_scene_without_readable_images_is_left_out_by_name(
    manifest: Manifest, select: Select
) -> None:
    """Scenes without images, or with none that can be read, are named and never chosen."""

    def change(records: list[Record]) -> None:
        records[1]["images"] = []
        records[2]["images"] = ["images/gone.png"]

    status, out, err = select(manifest(change=change), "--json", budget="100%")
    seed = json.loads(out)
    assert status == 0
    assert [scene["scene_id"] for scene in seed["left_out"]] == ["room/1", "room/2"]
    assert {"room/1", "room/2"}.isdisjoint(scene["scene_id"] for scene in seed["scenes"])
    assert "room/1 is left out" in err


def _line(number: int, **changes: object) -> Callable[[list[Record]], None]:
    def change(records: list[Record]) -> None:
        records[number - 1].update(changes)

    return change


def _without_cost(records: list[Record]) -> None:
    del records[4]["cost"]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (_line(3, cost=-1), "scenes.jsonl:3"),
        (_line(4, cost=float("nan")), "scenes.jsonl:4"),
        (_without_cost, "scenes.jsonl:5"),
        (_line(6, scene_id="room/0"), "scenes.jsonl:6"),
        (_line(2, cost="12"), "scenes.jsonl:2"),
    ],
)
def test_a_bad_line_is_named(
    change: Callable[[list[Record]], None],
    place: str,
    manifest: Manifest,
    select: Select,
    tmp_path: Path,
) -> None:
    """A scene that breaks a rule ends the run with its line number, and nothing is written."""
    status, out, err = select(manifest(change=change))
    assert (status, out) == (2, "")
    assert place in err
    assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_an_unreadable_line_is_named(manifest: Manifest, select: Select) -> None:
    """A line that is no JSON is named by its number."""
    path = manifest()
    path.write_text(path.read_text() + "{oops\n")
    status, _, err = select(path)
    assert status == 2
    assert "scenes.jsonl:9" in err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--backbone", "resnet1000"), "unknown backbone 'resnet1000'"),
        (("--strategy", "magic"), "no strategy 'magic'"),
        (("--objective", "prettiest"), "no objective 'prettiest'"),
        (("--format", "pdf"), "no format 'pdf'"),
        (("--format", "redal"), "not for manifest"),
        (("--clusters", "0"), "clusters must be at least 1"),
        (("--clusters", "x"), "Invalid value for --clusters"),
        (("--token", "eos"), 'Invalid value "eos" for --token'),
        (("--source", "nowhere"), "'nowhere' is no kind of source"),
        (("--resource", "hours"), "hours"),
        (("--time-limit", "-1"), "at least 0 seconds"),
        (("--gap", "nan"), "A gap is at least 0"),
    ],
)
def test_bad_options_get_one_sentence(
    words: tuple[str, ...], sentence: str, manifest: Manifest, select: Select, tmp_path: Path
) -> None:
    """A wrong option is answered with one sentence that names it, exit 2, and no file."""
    status, out, err = select(manifest(), *words)
    assert (status, out) == (2, "")
    assert sentence in err.splitlines()[-1]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("budget", "sentence"),
    [
        ("5", "The budget of 5 is below the cheapest scene ('room/0' costs 10)"),
        ("1%", "is below the cheapest scene"),
        ("much", "neither a number nor a percentage"),
        ("-3", "at least 0, not -3"),
    ],
)
def test_bad_budgets_get_one_sentence(
    budget: str, sentence: str, manifest: Manifest, select: Select, tmp_path: Path
) -> None:
    """A budget that buys nothing or is no number is refused, and no file is written."""
    status, out, err = select(manifest(), budget=budget)
    assert (status, out) == (2, "")
    assert sentence in err.splitlines()[-1]
    assert not (tmp_path / "out").exists()


def test_an_output_folder_that_cannot_be_is_named(
    manifest: Manifest, select: Select, tmp_path: Path
) -> None:
    """An output path below a file is refused with its name."""
    (tmp_path / "file").write_text("")
    status, _, err = select(manifest(), "--out", str(tmp_path / "file" / "out"))
    assert status == 2
    assert "cannot be written" in err


def test_a_data_directory_that_cannot_be_is_named(
    manifest: Manifest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A data directory below a file is refused with its path, and no file is written."""
    (tmp_path / "file").write_text("")
    words = ["--root", str(manifest()), "--budget", "40%", "--backbone", "colour_grid"]
    places = ["--out", str(tmp_path / "out"), "--data-dir", str(tmp_path / "file" / "data")]
    assert main(["select", *words, *places]) == 2
    assert "file" in capsys.readouterr().err.splitlines()[-1]
    assert not (tmp_path / "out").exists()


def test_a_missing_root_is_named(select: Select, tmp_path: Path) -> None:
    """A source that does not exist is refused with its path."""
    status, _, err = select(tmp_path / "nowhere")
    assert status == 2
    assert "nowhere: does not exist" in err


def test_wrong_words_get_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown command or a missing option is one sentence on stderr and exit 2."""
    for words in (["explode"], ["select"], ["select", "--nonsense"]):
        assert main(words) == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        assert len(printed.err.splitlines()) == 1


@pytest.mark.shared_data
def test_real_scans_in_redal_format(select: Select, shared_data: Path, tmp_path: Path) -> None:
    """The 110 real scans: the budget holds and the files partition all of them."""
    root = shared_data / "mini_semantickitti"
    status, out, _ = select(root, "--format", "redal", "--json", budget="10%")
    seed = json.loads(out)
    assert status == 0
    assert seed["source"]["cost_origin"] == "frames.json (points_full)"
    assert 0 < seed["total_cost"] <= seed["budget"]["limit"]
    label, ulabel = (
        json.loads((tmp_path / "out" / f"init_{part}_scan.json").read_bytes())
        for part in ("label", "ulabel")
    )
    assert len(label) + len(ulabel) == len({*label, *ulabel}) == 110
