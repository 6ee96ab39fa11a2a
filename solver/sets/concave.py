"""Objectives with a concave extension: selections are the corners of a cube it is defined on."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from solver.model.problem import Floats, SetProblem


@dataclass(frozen=True, eq=False, kw_only=True)
class ConcaveProblem(SetProblem, ABC):
    """An objective that is concave in ``x`` in ``[0, 1]^n``, and equal to itself at 0-1 points."""

    @abstractmethod
    def plane(self, x: Floats) -> tuple[float, Floats]:
        """Return c and g, of shape (n,), so that ``f(S) <= c + sum of g over S``.

        It holds for every S that the budget and the number of items allow.

        Parameters
        ----------
        x
            Where the plane should touch, shape (n,), in ``[0, 1]``. Any x gives a valid plane, but
            for rounding of at most `margin`.
        """

    @property
    @abstractmethod
    def margin(self) -> float:
        """What rounding may have taken off a plane anywhere in the cube."""
