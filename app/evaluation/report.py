"""An evaluation as JSON, tables and pictures, with each method's place among random seeds."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

import numpy as np

from app.evaluation.figure import Panel
from app.evaluation.outcome import Cell, Evaluation, EvaluationOutcome
from app.evaluation.standings import standing, totals
from features.errors import plural

_PERCENT: Final = 100.0

_PANELS: Final = 24
"""Of a picture, at most: what a screen still shows, and far below what a PNG can be high."""


def _finite(value: float) -> float | None:
    """Return a number, or None for NaN: JSON has none."""
    return float(value) if np.isfinite(value) else None


def _outcome(outcome: EvaluationOutcome) -> dict[str, Any]:
    score, choice = outcome.score, outcome.choice
    found: dict[str, Any] = {
        "miou": score.miou,
        "iou": [_finite(value) for value in score.iou],
        "parts": dict(score.parts),
        "scenes": list(choice.scenes),
        "images": score.images,
        "cost": outcome.cost,
        "gap": None if choice.gap is None else _finite(choice.gap),
        "seconds": choice.seconds,
        "probe": {
            "iterations": score.iterations,
            "gradient": score.gradient,
            "converged": score.converged,
        },
    }
    if choice.recommendation is not None:
        found["recommendation"] = asdict(choice.recommendation)
    if choice.notes:
        found["notes"] = list(choice.notes)
    if outcome.courses:
        found["rounds"] = {
            name: {"miou": list(course.miou), "cost": list(course.cost)}
            for name, course in outcome.courses.items()
        }
    return found


def _cell(cell: Cell) -> dict[str, Any]:
    return {
        "backbone": cell.backbone,
        "first_model": cell.first_model,
        "cut": cell.cut,
        "repetition": cell.repetition,
        "budget": str(cell.budget),
        "limit": cell.limit,
        "total": cell.total,
        "scenes": cell.scenes,
        "images": cell.images,
        "random_miou": [seed.score.miou for seed in cell.random],
        "method_miou": {name: cell.miou(name) for name in cell.methods},
        "against_random": {name: asdict(standing(cell, name)) for name in cell.methods},
        "random": [_outcome(seed) for seed in cell.random],
        "methods": {name: list(map(_outcome, seeds)) for name, seeds in cell.methods.items()},
    }


def as_json(evaluation: Evaluation) -> dict[str, Any]:
    """Return an evaluation as JSON: what was asked, all cells, and every method's total."""
    plan = evaluation.plan
    return {
        "dataset": evaluation.dataset,
        "classes": list(evaluation.classes),
        "train_images": evaluation.train,
        "test_images": evaluation.test,
        "cost": plan.cost.spec,
        "cuts": [cut.spec for cut in plan.cuts],
        "budgets": [str(budget) for budget in plan.budgets],
        "objectives": list(plan.objectives),
        "baselines": list(plan.baselines),
        "token": plan.features.token,
        "rounds": plan.rounds,
        "acquisitions": list(plan.acquisitions) if plan.rounds else [],
        "time_limit_s": plan.time_limit_s,
        "random_seed": plan.random_seed,
        "random_seeds": plan.random,
        "starts": plan.starts,
        "notes": list(evaluation.notes),
        "summary": [asdict(total) for total in totals(evaluation.cells)],
        "cells": [_cell(cell) for cell in evaluation.cells],
    }


def json_bytes(evaluation: Evaluation) -> bytes:
    """Return the JSON document, indented, without NaN."""
    document = as_json(evaluation)
    return (json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _rows(table: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = []
    for row in table:
        first, *rest = (
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append("  ".join((first, *rest)).rstrip())
    return lines


def summary_table(cells: Sequence[Cell]) -> str:
    """Return every method against random seeds, over some comparisons, as text."""
    head = ["method", "gain", "95 %", "percentile", "95 %", "above mean", "at best", "saved"]
    rows = [
        [
            one.method,
            f"{one.gain:+.4f}",
            "{:+.3f} to {:+.3f}".format(*one.gain_interval),
            f"{one.percentile:.2f}",
            "{:.2f} to {:.2f}".format(*one.percentile_interval),
            f"{_PERCENT * one.above_mean:.0f} %",
            f"{_PERCENT * one.at_best:.0f} %",
            "" if one.saved is None else f"{_PERCENT * one.saved:.0f} %",
        ]
        for one in totals(cells)
    ]
    return "\n".join(_rows([head, *rows]))


def cell_table(cells: Sequence[Cell]) -> str:
    """Return the mIoU of every method in every comparison, in percent, as text."""
    names = list(dict.fromkeys(name for cell in cells for name in cell.methods))
    heads = [f"{cell.cut} #{cell.repetition} {cell.budget}" for cell in cells]
    random = [[seed.score.miou for seed in cell.random] for cell in cells]
    lines = {
        "random, mean": [float(np.mean(values)) for values in random],
        "random, best": [max(values) for values in random],
        "random, worst": [min(values) for values in random],
    }
    lines |= {name: [cell.miou(name) for cell in cells] for name in names}
    rows = [[name, *(f"{_PERCENT * value:.1f}" for value in row)] for name, row in lines.items()]
    return "\n".join(_rows([["mIoU, %", *heads], *rows]))


def as_text(evaluation: Evaluation) -> str:
    """Return the tables for a person: each first model's cells, then all of them together."""
    parts = []
    for seen_by in dict.fromkeys(map(_seen_by, evaluation.cells)):
        cells = [cell for cell in evaluation.cells if _seen_by(cell) == seen_by]
        parts.append(f"{evaluation.dataset}, {seen_by}\n{cell_table(cells)}")
    if any(cell.methods for cell in evaluation.cells):
        count = plural(len(evaluation.cells), "comparison")
        parts.append(f"against random seeds, over {count}\n{summary_table(evaluation.cells)}")
    return "\n\n".join(parts)


def _seen_by(cell: Cell) -> str:
    """Name the backbone, and that of the first model where it is another."""
    if cell.first_model == cell.backbone:
        return cell.backbone
    return f"{cell.backbone}, first model on {cell.first_model}"


def _key(cell: Cell) -> tuple[str, str, int]:
    return _seen_by(cell), cell.cut, cell.repetition


def panels(evaluation: Evaluation, bold: frozenset[str]) -> list[Panel]:
    """Return a picture's panels: one for each first model and cut, mIoU over the budget.

    Parameters
    ----------
    evaluation
        What was measured.
    bold
        The methods to look at.
    """
    found = []
    for key in dict.fromkeys(map(_key, evaluation.cells)):
        cells = sorted(
            (cell for cell in evaluation.cells if _key(cell) == key), key=lambda cell: cell.limit
        )
        # A budget that was asked for in two ways is one point.
        cells = list({cell.limit: cell for cell in cells}.values())
        found.append(
            Panel(
                title=f"{evaluation.dataset}, {key[0]}: {key[1]}, cut {key[2]}",
                budgets=[_PERCENT * cell.limit / cell.total for cell in cells],
                random=np.array([[seed.score.miou for seed in cell.random] for cell in cells]).T,
                methods=_lines(cells),
                bold=bold & frozenset(cells[0].methods),
            )
        )
    return found


def _lines(cells: Sequence[Cell]) -> Mapping[str, list[float]]:
    return {name: [cell.miou(name) for cell in cells] for name in cells[0].methods}


def round_panels(evaluation: Evaluation, bold: frozenset[str]) -> list[Panel]:
    """Return a picture's panels of further rounds: one for each cell and acquisition."""
    found = []
    for cell in evaluation.cells:
        place = f"{_seen_by(cell)}: {cell.cut} #{cell.repetition}, {cell.budget}"
        for acquisition, course in cell.random[0].courses.items():
            found.append(
                Panel(
                    title=f"{place}, then {acquisition}",
                    budgets=list(range(len(course.miou))),
                    random=np.array([seed.courses[acquisition].miou for seed in cell.random]),
                    methods={
                        name: seeds[0].courses[acquisition].miou
                        for name, seeds in cell.methods.items()
                    },
                    axis="rounds after the seed",
                    bold=bold & frozenset(cell.methods),
                )
            )
    return found


def pictures(evaluation: Evaluation) -> dict[str, list[Panel]]:
    """Return the panels of every picture by its name: ``evaluation``, ``rounds``, ``rounds-2``.

    The product's objectives are what is looked at; baselines are drawn thin.
    """
    bold = frozenset(evaluation.plan.objectives)
    found = {}
    for name, drawn in (
        ("evaluation", panels(evaluation, bold)),
        ("rounds", round_panels(evaluation, bold)),
    ):
        for page, start in enumerate(range(0, len(drawn), _PANELS), start=1):
            found[name if page == 1 else f"{name}-{page}"] = drawn[start : start + _PANELS]
    return found
