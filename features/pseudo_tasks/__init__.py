"""Pseudo-tasks: how good a first model a seed makes, as far as that can be said without a label."""

from features.pseudo_tasks.score import PseudoTaskScore
from features.pseudo_tasks.tasks import PseudoTaskBuilder, PseudoTasks, tasks_path

__all__ = ["PseudoTaskBuilder", "PseudoTaskScore", "PseudoTasks", "tasks_path"]
