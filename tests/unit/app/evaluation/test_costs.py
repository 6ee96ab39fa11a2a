import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from app.evaluation.costs import parse_cost, scene_costs
from app.labelled.errors import LabelledDataError
from app.labelled.label_files import Counts
from features.errors import SourceError


@dataclass(frozen=True)
class FakePool:
    """A pool whose images cost as many pixels as their names have letters."""

    name: str = "fake"
    train: tuple[str, ...] = ("a", "bb", "00/000001")
    test: tuple[str, ...] = ("t",)
    classes: int = 2
    class_names: tuple[str, ...] = ("0", "1")
    resources: tuple[str, ...] = ("pixels", "segments")
    notes: tuple[str, ...] = ()

    def image(self, stem: str) -> Path:
        """Return a path that is not there."""
        return Path(stem)

    def counts(self, stem: str, rows: int, columns: int) -> Counts:
        """Return no labels."""
        assert stem in (*self.train, *self.test)
        return np.zeros((rows * columns, self.classes), dtype=np.int64)

    def cost(self, stem: str, resource: str) -> float:
        """Return the length of the name, and of the resource's after the point."""
        return len(stem) + len(resource) / 100

    def group(self, stem: str) -> str:
        """Return the first letter."""
        return stem[0]


POOL = FakePool()


def refused(spec: str) -> str:
    """Return the sentence that a cost ends with."""
    with pytest.raises((LabelledDataError, SourceError)) as caught:
        parse_cost(spec).per_image(POOL)
    return str(caught.value)


def test_costs_that_need_no_table() -> None:
    """Images cost one each, resources what the pool says, scenes the sum."""
    assert parse_cost("images").per_image(POOL) == {"a": 1.0, "bb": 1.0, "00/000001": 1.0}
    pixels = parse_cost("pixels").per_image(POOL)
    assert pixels == pytest.approx({"a": 1.06, "bb": 2.06, "00/000001": 9.06})
    costs = scene_costs({"x": ("a", "bb"), "y": ("00/000001",)}, pixels)
    assert costs.dtype == np.float64
    assert costs == pytest.approx([3.12, 9.06])
    assert scene_costs({}, pixels).shape == (0,)


def test_what_is_no_cost_is_refused() -> None:
    """A malformed text, and a resource that the pool has not, are named."""
    rule = "must be pixels, segments, points, images or column:FILE:NAME"
    assert refused("") == f"cost '': {rule}"
    assert refused("pixels:x") == f"cost 'pixels:x': {rule}"
    for spec in ("column", "column:", "column:a.csv", "column:a.csv:", "column::x"):
        assert refused(spec) == f"cost {spec!r}: must be column:FILE:NAME"
    assert refused("points") == (
        "cost 'points': fake has no such cost (it has pixels, segments, images, "
        "and column:FILE:NAME)"
    )


@pytest.mark.parametrize("key", ["stem", "image"])
@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_a_column_is_read(tmp_path: Path, key: str, suffix: str) -> None:
    """Names may carry folders and endings; other images' rows and columns do not matter."""
    rows = [("x/bb.PNG", "2.5"), ("a", "0"), ("00/000001", "1e3"), ("t", "7"), ("u.jpg", "1")]
    path = tmp_path / f"a:b{suffix}"
    if suffix == ".csv":
        lines = [f"note,hours,{key}", *(f'"x, y",{cost},{name}' for name, cost in rows)]
    else:
        lines = [json.dumps({key: name, "hours": float(cost)}) for name, cost in rows] + [""]
    path.write_text("\ufeff" + "\n".join(lines) + "\n")
    costs = parse_cost(f"column:{path}:hours").per_image(POOL)
    assert costs == {"a": 0.0, "bb": 2.5, "00/000001": 1000.0}
    assert tuple(costs) == POOL.train


@pytest.mark.parametrize("cost", ["-1", "nan", "inf", "1e999", "1_0", "", "x"])
def test_a_cell_must_be_a_cost(tmp_path: Path, cost: str) -> None:
    """What is negative, not finite or no number is named with its line."""
    path = tmp_path / "a.csv"
    path.write_text(f"stem,hours\na,1\nbb,{cost}\n")
    rule = f"hours must be a finite number of at least 0, not {cost!r}"
    assert refused(f"column:{path}:hours") == f"{path}:3: {rule}"


@pytest.mark.parametrize(
    ("lines", "where", "rule"),
    [
        ("", "", "the header has no column 'stem' (it has nothing)"),
        ("name,hours", ":1", "the header has no column 'stem' (it has name, hours)"),
        ("stem,hour", ":1", "the header has no column 'hours' (it has stem, hour)"),
        ("stem,hours,hours", ":1", "the header has the column 'hours' more than once"),
        ("stem,hours\na", ":2", "the row has 1 columns, the header 2"),
        ("stem,hours\na,1\nx/a.png,2", ":3", "'a' already has a cost in PATH:2"),
        ("stem,hours\na,1", "", "has no hours for 2 stems (bb, 00/000001)"),
    ],
)
def test_rules_of_csv(tmp_path: Path, lines: str, where: str, rule: str) -> None:
    """A table must have the columns, and one row for each image."""
    path = tmp_path / "a.csv"
    path.write_text(lines)
    expected = f"{path}{where}: {rule.replace('PATH', str(path))}"
    assert refused(f"column:{path}:hours") == expected


def test_the_table_must_be_there(tmp_path: Path) -> None:
    """A folder, or nothing, is no table."""
    rule = "is no file; it must be a table with a column of costs"
    for path in (tmp_path, tmp_path / "a.csv"):
        assert refused(f"column:{path}:hours") == f"{path}: {rule}"


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("[]", "the record must be an object, not a list"),
        ("{", "not JSON"),
        ('{"hours": 1}', "stem is missing"),
        ('{"stem": 3, "hours": 1}', "stem must be a string"),
        ('{"stem": "a"}', "hours is missing"),
        ('{"stem": "a", "hours": "1"}', "hours must be a number"),
        ('{"stem": "a", "hours": -1}', "hours must be finite and at least 0, not -1"),
        ('{"stem": "a", "hours": NaN}', "not usable JSON (NaN is no JSON number)"),
    ],
)
def test_rules_of_json_lines(tmp_path: Path, line: str, rule: str) -> None:
    """A record must be an object with both keys; the line is named."""
    path = tmp_path / "a.ndjson"
    path.write_text(f'{{"stem": "bb", "hours": 1}}\n\n{line}\n')
    assert refused(f"column:{path}:hours").startswith(f"{path}:3: {rule}")
