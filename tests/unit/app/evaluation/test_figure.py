"""Figures: what is drawn, how it is told apart, and what is refused."""

from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.errors import InvalidRequestError
from app.evaluation.figure import Panel, draw, figure, grid

BUDGETS = (3.0, 6.0, 12.0)


def panel_of(
    names: Sequence[str] = ("seedal", "k_center"),
    budgets: Sequence[float] = BUDGETS,
    seeds: int = 20,
    title: str = "windows",
    bold: frozenset[str] = frozenset(),
) -> Panel:
    """Return a panel of made-up scores."""
    rng = np.random.default_rng(0)
    scores = 0.4 + 0.02 * rng.normal(size=(seeds + len(names), len(budgets)))
    return Panel(
        title=title,
        budgets=budgets,
        random=scores[:seeds],
        methods={name: row.tolist() for name, row in zip(names, scores[seeds:], strict=True)},
        bold=bold,
    )


def test_random_seeds_are_thin_and_dashed_and_methods_bold() -> None:
    """Every random seed, their mean and every method is a line, methods over all others."""
    panel = panel_of()
    (axes,) = draw([panel]).axes
    lines = axes.get_lines()
    assert len(lines) == 20 + 1 + 2
    thin, (seedal, k_center) = lines[:20], lines[21:]
    assert all(line.is_dashed() and line.get_linewidth() < 1 for line in thin)
    assert len({line.get_color() for line in thin}) == 1
    for line, name in ((seedal, "seedal"), (k_center, "k_center")):
        assert line.get_linewidth() >= 2
        assert line.get_zorder() > max(other.get_zorder() for other in lines[:21])
        assert line.get_ydata() == pytest.approx([100 * score for score in panel.methods[name]])
        assert list(np.asarray(line.get_xdata())) == list(BUDGETS)


def test_many_methods_are_told_apart() -> None:
    """No two of 24 methods share both colour and marker."""
    (axes,) = draw([panel_of([f"method {k}" for k in range(24)])]).axes
    poller = {(line.get_color(), line.get_marker()) for line in axes.get_lines()[21:]}
    assert len(poller) == 24


def test_a_method_looks_the_same_in_every_panel() -> None:
    """Colour and marker belong to the method, also where a panel lacks the others."""
    page = draw([panel_of(["a", "b", "c"]), panel_of(["c"]), panel_of(["b", "c"])], columns=2)
    poller = [
        (line.get_color(), line.get_marker())
        for axes in page.axes
        for line in axes.get_lines()[-1:]
    ]
    assert len(page.axes) == 3
    assert len(set(poller)) == 1


def test_few_are_bold_where_asked() -> None:
    """The methods to look at are drawn bold, the others thin."""
    (axes,) = draw([panel_of(bold=frozenset({"k_center"}))]).axes
    seedal, k_center = axes.get_lines()[-2:]
    assert k_center.get_linewidth() > 2 * seedal.get_linewidth()
    assert k_center.get_zorder() > seedal.get_zorder()


@pytest.mark.parametrize(("methods", "panels"), list(product((1, 13, 30), (1, 5))))
def test_nothing_overlaps(methods: int, panels: int) -> None:
    """The legend lies beside the panels, and all of it on the page, however many methods."""
    page = draw([panel_of([f"method {k}" for k in range(methods)])] * panels)
    page.canvas.draw()
    (legend,) = page.legends
    box = legend.get_window_extent()
    assert all(axes.get_tightbbox().x1 <= box.x0 for axes in page.axes[: min(3, panels)])
    assert box.y0 >= 0
    assert box.y1 <= page.bbox.y1
    assert box.x1 <= page.bbox.x1
    tight = [axes.get_tightbbox() for axes in page.axes]
    assert not any(a.overlaps(b) for k, a in enumerate(tight) for b in tight[k + 1 :])


def test_the_legend_reads_from_the_best_down() -> None:
    """After the random seeds come the methods, best mean first; what has no score comes last."""
    panel = Panel(
        title="t",
        budgets=(1.0, 2.0),
        random=np.zeros((0, 2)),
        methods={"none": [np.nan] * 2, "low": [0.1, 0.2], "high": [0.5, np.nan]},
    )
    (legend,) = draw([panel]).legends
    assert [text.get_text() for text in legend.get_texts()] == ["high", "low", "none"]


def test_a_single_budget_shows() -> None:
    """At one budget random seeds are marks, since a line through one point is not seen."""
    (axes,) = draw([panel_of(budgets=(3.0,))]).axes
    assert {line.get_marker() for line in axes.get_lines()[:21]} == {"_"}


@pytest.mark.parametrize("suffix", [".png", ".svg", ".PNG"])
def test_the_same_figure_is_the_same_file(tmp_path: Path, suffix: str) -> None:
    """Files depend on the scores alone, and nothing else is left in the folder."""
    once, again = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    figure(panel_of(), once)
    figure(panel_of(), again)
    assert once.read_bytes() == again.read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {once.name, again.name}


def test_a_grid_is_a_picture(tmp_path: Path) -> None:
    """A grid of two rows is a PNG that is not blank, and twice as high as one row."""
    grid([panel_of()] * 4, tmp_path / "four.png", columns=2)
    grid([panel_of()] * 2, tmp_path / "two.png", columns=2)
    with Image.open(tmp_path / "four.png") as four, Image.open(tmp_path / "two.png") as two:
        assert four.width == two.width
        assert 1.5 < four.height / two.height < 2
        assert len(four.convert("RGB").getcolors(2**24) or ()) > 50


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"budgets": ()}, "windows: a figure needs finite budgets"),
        ({"budgets": (1.0, np.inf, 2.0)}, "windows: a figure needs finite budgets"),
        ({"budgets": (1.0, 1.0, 2.0)}, "windows: a figure's budgets must rise"),
        ({"random": np.zeros((2, 2))}, "windows, random seed 0: .* 3 budget"),
        ({"random": np.array([[0.1, 0.2, 0.3], [0.1, 0.2, 1.3]])}, "windows, random seed 1"),
        ({"methods": {"greedy": [0.1, 0.2]}}, "windows, greedy"),
        ({"methods": {"greedy": [0.1, 0.2, -0.1]}}, "windows, greedy"),
    ],
)
def test_a_panel_checks_itself(changes: dict[str, object], sentence: str) -> None:
    """Scores that do not fit the budgets are refused, naming panel and line."""
    good: dict[str, object] = {
        "title": "windows",
        "budgets": BUDGETS,
        "random": np.full((1, 3), 0.4),
        "methods": {},
    }
    with pytest.raises(InvalidRequestError, match=sentence):
        Panel(**(good | changes))  # type: ignore[arg-type]


def test_what_is_no_figure_is_refused(tmp_path: Path) -> None:
    """Another kind of file, no panel or no column is refused, and nothing is written."""
    with pytest.raises(InvalidRequestError, match=r"a.jpg: a figure is written as .png or .svg"):
        figure(panel_of(), tmp_path / "a.jpg")
    with pytest.raises(InvalidRequestError, match="at least one panel"):
        grid([], tmp_path / "a.png")
    with pytest.raises(InvalidRequestError, match="one column"):
        grid([panel_of()], tmp_path / "a.png", columns=0)
    assert not list(tmp_path.iterdir())
