"""Pseudo-tasks: how good a first model a seed makes, as far as that can be said without a label."""

from features.pseudo_tasks.model import PseudoTasks, stored_tasks, tasks_path
from features.pseudo_tasks.score import PseudoTaskScore, score_of

__all__ = ["PseudoTaskScore", "PseudoTasks", "score_of", "stored_tasks", "tasks_path"]
