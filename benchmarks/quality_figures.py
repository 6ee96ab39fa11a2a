"""Pictures of the benchmark of seed quality: each method on each pool, and what was predicted."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

_SHOWN = 10
"""Methods of a picture, the best ones."""

_MARKERS = "os^Dv"
_SETTINGS: dict[Any, Any] = {"font.size": 9.0, "svg.hashsalt": "seedal", "svg.fonttype": "path"}


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path.with_suffix(".svg"), metadata={"Date": None, "Creator": None})
    figure.savefig(path.with_suffix(".png"), dpi=160, metadata={"Software": None})


def methods_by_pool(
    documents: Mapping[str, Mapping[str, Any]], names: list[str], path: Path
) -> None:
    """Draw the mean percentile of methods on every pool, by each first model.

    Parameters
    ----------
    documents
        Evaluations by the name of their part.
    names
        Methods, the best first.
    path
        Where the pictures go, without a suffix.
    """
    names = names[:_SHOWN]
    with mpl.rc_context(_SETTINGS):
        figure = Figure(figsize=(2.1 * len(documents) + 1.6, 3.4))
        axes = figure.subplots(1, len(documents), sharey=True, squeeze=False)
        for axis, (part, document) in zip(axes[0], documents.items(), strict=True):
            models = list(dict.fromkeys(cell["first_model"] for cell in document["cells"]))
            for place, model in enumerate(models):
                means = [_mean(document, name, model) for name in names]
                height = np.arange(len(names)) + 0.25 * (place - (len(models) - 1) / 2)
                axis.plot(means, height, _MARKERS[place], markersize=4.5, label=model)
            axis.axvline(0.5, color="0.6", linewidth=0.8, linestyle="--")
            axis.set(xlim=(0, 1.02), title=part, xlabel="mean percentile")
            axis.grid(axis="x", color="0.9")
        axes[0][0].set_yticks(range(len(names)), names)
        axes[0][0].invert_yaxis()
        handles, labels = axes[0][0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="lower center", ncols=len(labels), frameon=False)
        figure.tight_layout(rect=(0, 0.07, 1, 1))
        _save(figure, path)


def _mean(document: Mapping[str, Any], name: str, model: str) -> float:
    found = [
        cell["against_random"][name]["percentile"]
        for cell in document["cells"]
        if cell["first_model"] == model and name in cell["against_random"]
    ]
    return float(np.mean(found)) if found else float("nan")


def calibrated(pairs: Mapping[str, list[tuple[float, float]]], path: Path) -> None:
    """Draw what was predicted of each cell from the other pools, and what was measured.

    Parameters
    ----------
    pairs
        By pool: predicted and measured percentile of its cells.
    path
        Where the pictures go, without a suffix.
    """
    with mpl.rc_context(_SETTINGS):
        figure = Figure(figsize=(4.2, 4.0))
        axis = figure.subplots()
        axis.plot([0, 1], [0, 1], color="0.6", linewidth=0.8, linestyle="--")
        for place, (pool, points) in enumerate(pairs.items()):
            predicted, measured = np.array(points).T
            marker = _MARKERS[place % len(_MARKERS)]
            (dots,) = axis.plot(predicted, measured, marker, markersize=4, alpha=0.5)
            axis.plot(
                predicted.mean(),
                measured.mean(),
                marker,
                markersize=10,
                color=dots.get_color(),
                label=pool,
            )
        axis.set(xlim=(0, 1.02), ylim=(0, 1.02))
        axis.set(xlabel="predicted percentile, from other pools", ylabel="measured percentile")
        axis.legend(frameon=False, loc="upper left", title="pool (large: mean)")
        axis.grid(color="0.9")
        figure.tight_layout()
        _save(figure, path)
