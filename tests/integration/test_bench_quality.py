"""The benchmark of seeds goes the whole way on a world that it draws itself."""

import json
import sys
from pathlib import Path

import pytest

from benchmarks import bench_quality

pytestmark = pytest.mark.slow


def test_the_smoke_part_compares_every_objective_and_baseline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`bench_quality.py --part smoke` writes totals, JSON and pictures without any data set."""
    words = ["--part", "smoke", "--out", str(tmp_path), "--data-dir", str(tmp_path / "data")]
    monkeypatch.setattr(sys, "argv", ["bench_quality.py", *words])
    bench_quality.main()
    rows = json.loads((tmp_path / "totals.json").read_text())["totals"]
    assert {"recommended", "coverage", "k_center", "seedal", "probcover"} <= {
        r["method"] for r in rows
    }
    assert all(row["cells"] == 4 and 0 <= row["percentile"] <= 1 for row in rows)
    assert (tmp_path / "smoke" / "evaluation.png").stat().st_size > 10_000
    assert (tmp_path / "methods-by-pool.png").stat().st_size > 10_000
    assert "| `recommended` |" in (tmp_path / "tables.md").read_text()
