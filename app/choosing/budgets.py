"""A budget as people write it: an amount in the resource's unit, or a part of what there is."""

import math
import re
from dataclasses import dataclass

from typing_extensions import override

from app.errors import BudgetError

_NUMBER = re.compile(r"[+-]?(\d+(_\d+)*\.?\d*|\.\d+)([eE][+-]?\d+)?")


@dataclass(frozen=True, slots=True)
class BudgetAsked:
    """Either an amount or a fraction of what all scenes that can be chosen cost together.

    Parameters
    ----------
    amount
        The amount in the resource's unit, or the fraction.
    is_fraction
        Which of the two.

    Raises
    ------
    BudgetError
        When the amount is negative or not finite, or the fraction is not in (0, 1].
    """

    amount: float
    is_fraction: bool

    def __post_init__(self) -> None:
        if self.is_fraction and not 0 < self.amount <= 1:
            given = f"{100 * self.amount:.6g} %"
            detail = f"A budget in percent is above 0 % and at most 100 %, not {given}."
            raise BudgetError(detail)
        if not math.isfinite(self.amount) or self.amount < 0:
            detail = f"A budget is a finite number of at least 0, not {self.amount:g}."
            raise BudgetError(detail)

    @override
    def __str__(self) -> str:
        """Return it as people write it."""
        return f"{100 * self.amount:.6g}%" if self.is_fraction else f"{self.amount:.15g}"

    def limit(self, total: float) -> float:
        """Return the limit in the resource's unit, given what all usable scenes cost."""
        return self.amount * total if self.is_fraction else self.amount


def parse_budget(text: str) -> BudgetAsked:
    """Read ``"6500000"``, ``"6_500_000"``, ``"6.5e6"`` or ``"3%"``.

    Raises
    ------
    BudgetError
        When the text is neither, or the number is out of range.
    """
    number = text.strip()
    percent = number.endswith("%")
    if percent:
        number = number[:-1].strip()
    if not _NUMBER.fullmatch(number):
        detail = f"The budget {text!r} is neither a number nor a percentage such as 3%."
        raise BudgetError(detail)
    amount = float(number)
    return BudgetAsked(amount / 100 if percent else amount, percent)
