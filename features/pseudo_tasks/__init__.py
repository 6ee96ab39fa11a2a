"""Pseudo-tasks: how good a first model a seed makes, as far as that can be said without a label."""

from features.pseudo_tasks.hints import LabelledCells, taught
from features.pseudo_tasks.model import PseudoTasks, stored_tasks, tasks_path
from features.pseudo_tasks.score import PseudoTaskScore, score_of

__all__ = [
    "LabelledCells",
    "PseudoTaskScore",
    "PseudoTasks",
    "score_of",
    "stored_tasks",
    "tasks_path",
    "taught",
]
