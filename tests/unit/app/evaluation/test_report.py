"""An evaluation as JSON, tables and pictures."""

import json
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from app.choosing.budgets import parse_budget
from app.evaluation.costs import parse_cost
from app.evaluation.cuts import parse_cut
from app.evaluation.outcome import Cell, Evaluation
from app.evaluation.plan import ComparisonPlan
from app.evaluation.report import (
    as_json,
    as_text,
    cell_table,
    json_bytes,
    panels,
    pictures,
    round_panels,
    summary_table,
)
from app.evaluation.standings import standing

MakeCell = Callable[..., Cell]


def evaluation(cells: Sequence[Cell]) -> Evaluation:
    """Return an evaluation that found these."""
    plan = ComparisonPlan(
        cuts=(parse_cut("frame"), parse_cut("window:1-4")),
        budgets=(parse_budget("10%"), parse_budget("6")),
        objectives=("seedal",),
        baselines=("k_center",),
        backbones=("colour_grid",),
        random=2,
        cost=parse_cost("images"),
    )
    return Evaluation(
        dataset="shapes",
        classes=("0", "1"),
        train=10,
        test=3,
        plan=plan,
        cells=tuple(cells),
        notes=("a note",),
    )


def several(make_cell: MakeCell) -> list[Cell]:
    """Return four comparisons."""
    return [
        make_cell([0.2, 0.4], {"seedal": 0.5, "k_center": 0.1}),
        make_cell([0.3, 0.45], {"seedal": 0.55, "k_center": 0.2}, budget="6"),
        make_cell([0.1, 0.2], {"seedal": 0.3, "k_center": 0.2}, cut="window:1-4"),
        make_cell([0.1, 0.2], {"seedal": 0.3, "k_center": 0.2}, cut="window:1-4", repetition=1),
    ]


def test_json_has_every_seed_of_every_comparison(make_cell: MakeCell) -> None:
    """By cut and budget: the mIoU of random seeds and methods, and how they stand."""
    cells = several(make_cell)
    document = json.loads(json_bytes(evaluation(cells)))
    assert document == as_json(evaluation(cells)) | {"summary": document["summary"]}
    assert document["budgets"] == ["10%", "6"]
    assert document["cuts"] == ["frame", "window:1-4"]
    assert (document["random_seeds"], document["notes"]) == (2, ["a note"])
    for cell, found in zip(cells, document["cells"], strict=True):
        assert found["budget"] == str(cell.budget)
        assert (found["cut"], found["repetition"]) == (cell.cut, cell.repetition)
        assert found["random_miou"] == [seed.score.miou for seed in cell.random]
        assert found["method_miou"] == {name: cell.miou(name) for name in cell.methods}
        assert found["against_random"]["seedal"]["gain"] == standing(cell, "seedal").gain
    assert {one["method"] for one in document["summary"]} == {"seedal", "k_center"}


def test_json_has_no_nan(make_cell: MakeCell) -> None:
    """A class without a test pixel has no IoU, an open bound no gap: both are null."""
    seed = as_json(evaluation([make_cell([0.5, 0.6], {})]))["cells"][0]["random"][0]
    assert seed["iou"] == [0.5, None]
    assert seed["gap"] is None
    assert "NaN" not in json_bytes(evaluation(several(make_cell))).decode()


def test_tables_show_every_method(make_cell: MakeCell) -> None:
    """A row for each method and for chance, a column for each comparison, all as wide."""
    cells = several(make_cell)
    rows = cell_table(cells).splitlines()
    assert len({len(row) for row in rows}) == 1
    assert [row.split("  ")[0] for row in rows] == [
        "mIoU, %",
        "random, mean",
        "random, best",
        "random, worst",
        "seedal",
        "k_center",
    ]
    assert rows[0].count("#") == len(cells)
    assert rows[4].split() == ["seedal", "50.0", "55.0", "30.0", "30.0"]
    assert rows[1].split()[2:] == ["30.0", "37.5", "15.0", "15.0"]
    best, worst = summary_table(cells).splitlines()[1:]
    assert best.split()[0] == "seedal"
    assert best.split()[-6:-2] == ["100", "%", "100", "%"]
    assert worst.split()[0] == "k_center"


def test_several_starts_stand_by_their_mean(make_cell: MakeCell) -> None:
    """Percentile and mIoU of a method with several starts are means over them."""
    cell = make_cell([0.1, 0.2, 0.3, 0.4], {"typiclust": [0.15, 0.35]})
    found = standing(cell, "typiclust")
    assert (found.miou, found.percentile) == pytest.approx((0.25, 0.5))
    assert as_json(evaluation([cell]))["cells"][0]["methods"]["typiclust"][1]["miou"] == 0.35


def test_text_names_the_first_model_where_it_is_another(make_cell: MakeCell) -> None:
    """A table of its own for the seeds of one backbone as the first models of another judge."""
    text = as_text(evaluation([make_cell([0.2, 0.4], {}, backbone="a", first_model="b")]))
    assert text.splitlines()[0] == "shapes, a, first model on b"


def test_text_has_a_table_for_each_backbone(make_cell: MakeCell) -> None:
    """Then all comparisons together; without a method there is nothing to sum up."""
    cells = [make_cell([0.2, 0.4], {"seedal": 0.5}, backbone=name) for name in ("one", "two")]
    text = as_text(evaluation(cells))
    assert [part.splitlines()[0] for part in text.split("\n\n")] == [
        "shapes, one",
        "shapes, two",
        "against random seeds, over 2 comparisons",
    ]
    assert "against" not in as_text(evaluation([make_cell([0.2, 0.4], {})]))
    assert "over 1 comparison\n" in as_text(evaluation(cells[:1]))


def test_a_panel_is_a_cut_over_its_budgets(make_cell: MakeCell) -> None:
    """One for each draw of a cut, budgets in percent and in order, each once."""
    cells = [*several(make_cell), make_cell([0.0, 0.9], {"seedal": 0.5, "k_center": 0.4})]
    first, *others = panels(evaluation(cells[1::-1] + cells[2:]), frozenset({"seedal", "spread"}))
    assert list(first.budgets) == [10.0, 60.0]
    assert first.random.tolist() == [[0.0, 0.3], [0.9, 0.45]]
    assert first.methods == {"seedal": [0.5, 0.55], "k_center": [0.4, 0.2]}
    assert first.bold == {"seedal"}
    assert [panel.title.rpartition(": ")[2] for panel in others] == [
        "window:1-4, cut 0",
        "window:1-4, cut 1",
    ]


def test_rounds_have_panels_of_their_own(make_cell: MakeCell) -> None:
    """One for each comparison and acquisition, from the seed on; none without rounds."""
    rounds = {"random": [0.2, 0.3, 0.4], "entropy": [0.2, 0.5, 0.6]}
    cells = [make_cell([0.2, 0.2], {"seedal": 0.2}, rounds=rounds, backbone=b) for b in "xy"]
    drawn = round_panels(evaluation(cells), frozenset({"seedal"}))
    titles = [panel.title for panel in drawn]
    assert titles[:2] == ["x: frame #0, 10%, then random", "x: frame #0, 10%, then entropy"]
    assert len(set(titles)) == 4
    assert list(drawn[1].budgets) == [0, 1, 2]
    assert np.array_equal(drawn[1].random, [rounds["entropy"]] * 2)
    assert list(drawn[1].methods["seedal"]) == rounds["entropy"]
    assert round_panels(evaluation(several(make_cell)), frozenset()) == []


def test_a_picture_has_not_too_many_panels(make_cell: MakeCell) -> None:
    """What is more goes to further pictures, in order; no rounds, no picture of them."""
    cells = [make_cell([0.2, 0.4], {"seedal": 0.5}, repetition=k) for k in range(30)]
    drawn = pictures(evaluation(cells))
    assert {name: len(panels) for name, panels in drawn.items()} == {
        "evaluation": 24,
        "evaluation-2": 6,
    }
    titles = [panel.title for panels in drawn.values() for panel in panels]
    assert titles == [f"shapes, colour_grid: frame, cut {k}" for k in range(30)]
    assert drawn["evaluation"][0].bold == {"seedal"}
    with_rounds = [make_cell([0.2, 0.2], {"seedal": 0.2}, rounds={"random": [0.2, 0.3]})]
    assert list(pictures(evaluation(with_rounds))) == ["evaluation", "rounds"]
