"""Pictures of a comparison: random seeds as thin dashed lines, methods bold, over the budget.

In the manner of the first figure of SeedAL's paper (Samet et al., ICCV 2023). Several rounds of
active learning make the same picture: the budget is then what all rounds up to there have cost.
"""

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from app.errors import InvalidRequestError, UnavailableError
from features.files.paths import atomic_write

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

# Okabe and Ito, "Color Universal Design" (2008), without the yellow that white paper swallows.
_COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
# As many that no two methods share both: 7 and 10 have no common factor.
_MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "h")
_RANDOM: Final = "#9a9fa5"
_MEAN: Final = "#5d6268"

_PANEL_INCHES: Final = (4.6, 3.6)
_LEGEND_INCHES: Final = (2.3, 0.2)  # its width, and the height of a line
_TITLE_INCHES: Final = 0.4
_DPI: Final = 160
_PERCENT: Final = 100.0

_SETTINGS: Final[dict[Any, Any]] = {
    "font.family": "DejaVu Sans",  # the font that matplotlib brings
    "font.size": 9.0,
    "svg.hashsalt": "seedal",  # else ids differ from one writing to the next
    "svg.fonttype": "path",  # looks the same without the font
}
_FORMATS: Final[Mapping[str, Mapping[str, None]]] = {
    # No date and no version: the same figure is the same file.
    ".png": {"Software": None},
    ".svg": {"Date": None, "Creator": None},
}


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Panel:
    """One cut's comparison.

    Parameters
    ----------
    title
        For example ``"CamVid, windows of 1-8 frames"``.
    budgets : (b,)
        In percent of the pool's cost, strictly rising, at least one.
    random : (r, b)
        mIoU of each random seed at each budget, in [0, 1]; r may be 0.
    methods
        By name, in the order of their colours: mIoU at each budget, shape (b,). A number that is
        not there is NaN, and the line has a gap.
    axis
        What the budgets are.
    bold
        The methods to look at, where there are many; the others are drawn thin. Empty: all bold.

    Raises
    ------
    InvalidRequestError
        A shape or a number breaks a rule; the sentence names panel and line.
    """

    title: str
    budgets: Sequence[float]
    random: NDArray[np.float64]
    methods: Mapping[str, Sequence[float]]
    axis: str = "budget (% of the pool's cost)"
    bold: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        budgets = np.asarray(self.budgets, dtype=np.float64)
        if budgets.ndim != 1 or not budgets.size or not np.isfinite(budgets).all():
            message = f"{self.title}: a figure needs finite budgets, at least one."
            raise InvalidRequestError(message)
        if (np.diff(budgets) <= 0).any():
            message = f"{self.title}: a figure's budgets must rise; they are {budgets.tolist()}."
            raise InvalidRequestError(message)
        lines = {f"random seed {k}": row for k, row in enumerate(self.random)}
        for name, scores in [*lines.items(), *self.methods.items()]:
            line = np.asarray(scores, dtype=np.float64)
            there = line[~np.isnan(line)]
            if line.shape != budgets.shape or ((there < 0) | (there > 1)).any():
                message = (
                    f"{self.title}, {name}: there must be one mIoU from 0 to 1 for each of "
                    f"{budgets.size} budget(s)."
                )
                raise InvalidRequestError(message)


def figure(panel: Panel, path: Path) -> None:
    """Draw one cut.

    Parameters
    ----------
    panel
        What is drawn.
    path
        Ends in ``.png`` or ``.svg``; written all at once.

    Raises
    ------
    InvalidRequestError
        The path ends otherwise.
    UnavailableError
        matplotlib is not installed.
    """
    grid([panel], path)


def grid(panels: Sequence[Panel], path: Path, *, columns: int = 3) -> None:
    """Draw several cuts side by side; a method looks the same in all of them.

    Parameters
    ----------
    panels
        At least one.
    path
        Ends in ``.png`` or ``.svg``; written all at once.
    columns
        Most panels beside each other, at least 1.

    Raises
    ------
    InvalidRequestError
        There is no panel, or the path ends otherwise.
    UnavailableError
        matplotlib is not installed.
    """
    metadata = _FORMATS.get(path.suffix.lower())
    if metadata is None:
        message = f"{path.name}: a figure is written as {' or '.join(_FORMATS)}."
        raise InvalidRequestError(message)
    if not panels or columns < 1:
        message = f"A figure has at least one panel and one column, not {len(panels)}, {columns}."
        raise InvalidRequestError(message)
    page = draw(panels, columns)
    from matplotlib import rc_context  # noqa: PLC0415  not in the base install

    drawn = io.BytesIO()
    with rc_context(_SETTINGS):
        page.savefig(drawn, format=path.suffix[1:].lower(), dpi=_DPI, metadata=dict(metadata))
    with atomic_write(path) as stream:
        stream.write(drawn.getvalue())


def draw(panels: Sequence[Panel], columns: int = 3) -> "Figure":
    """Return the picture as matplotlib's object, without a window and without pyplot's state.

    Parameters
    ----------
    panels, columns
        See `grid`.

    Raises
    ------
    UnavailableError
        matplotlib is not installed.
    """
    try:
        from matplotlib import rc_context  # noqa: PLC0415
        from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
        from matplotlib.figure import Figure  # noqa: PLC0415
    except ImportError as error:
        message = "A figure needs the extra: pip install 'seedal-service[evaluation]'."
        raise UnavailableError(message) from error

    across = min(columns, len(panels))
    down = math.ceil(len(panels) / across)
    names = list(dict.fromkeys(name for panel in panels for name in panel.methods))
    (width, height), (beside, line) = _PANEL_INCHES, _LEGEND_INCHES
    tall = max(down * height, (len(names) + 2) * line) + _TITLE_INCHES
    page = Figure((across * width + beside, tall), layout="constrained")
    FigureCanvasAgg(page)
    with rc_context(_SETTINGS):
        legend: dict[str, Line2D] = {}
        for place, panel in enumerate(panels, start=1):
            legend |= _draw_panel(page.add_subplot(down, across, place), panel, names)
        order = [*(name for name in legend if name not in names), *_best_first(panels, names)]
        page.legend(
            [legend[name] for name in order],
            order,
            loc="outside right upper",
            frameon=False,
            handlelength=2.6,
        )
    return page


def _draw_panel(axes: "Axes", panel: Panel, names: Sequence[str]) -> "dict[str, Line2D]":
    """Draw one cut and return what its legend shows, by label."""
    drawn: dict[str, Line2D] = {}
    budgets = np.asarray(panel.budgets, dtype=np.float64)
    # At one budget a line is a point, which shows only with a marker.
    point = "_" if len(budgets) == 1 else ""
    for scores in panel.random:
        (line,) = axes.plot(
            budgets,
            _PERCENT * scores,
            color=_RANDOM,
            linewidth=0.7,
            linestyle=(0, (4, 3)),
            marker=point,
            zorder=1,
        )
        drawn["random seeds"] = line
    if len(panel.random) > 1:
        mean = _PERCENT * np.mean(panel.random, axis=0)
        (line,) = axes.plot(
            budgets, mean, color=_MEAN, linewidth=1.6, linestyle=(0, (1, 1)), marker=point, zorder=2
        )
        drawn["their mean"] = line
    for name, scores in panel.methods.items():
        place = names.index(name)
        bold = name in panel.bold or not panel.bold
        (drawn[name],) = axes.plot(
            budgets,
            _PERCENT * np.asarray(scores, dtype=np.float64),
            color=_COLOURS[place % len(_COLOURS)],
            marker=_MARKERS[place % len(_MARKERS)],
            # Where colours come round again, so that a line is told apart without its marker.
            linestyle="-" if place < len(_COLOURS) else (0, (6, 1.5)),
            linewidth=2.0 if bold else 0.9,
            markersize=5.5 if bold else 4.0,
            markeredgecolor="white",
            markeredgewidth=0.6,
            zorder=4 if bold else 3,
        )
    axes.set_title(panel.title, fontsize="medium", loc="left", wrap=True)
    axes.set_xlabel(panel.axis)
    axes.set_ylabel("mIoU (%)")
    axes.set_xticks(budgets, [f"{budget:g}" for budget in budgets])
    axes.margins(x=0.04)
    axes.grid(color="#e6e8eb", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    return drawn


def _best_first(panels: Sequence[Panel], names: Sequence[str]) -> list[str]:
    """Return names by mean score, so that a legend reads from top to bottom as the lines do."""

    def mean(name: str) -> float:
        scores = np.concatenate(
            [np.asarray(panel.methods[name]) for panel in panels if name in panel.methods]
        )
        there = scores[~np.isnan(scores)]
        return float(there.mean()) if there.size else -1.0

    return sorted(names, key=lambda name: -mean(name))
