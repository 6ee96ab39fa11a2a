"""A budget as every door takes it: an amount in the resource's unit, or a part of what there is."""

import math
import re
import sys
from typing import Annotated, Self

from pydantic import Field, model_validator
from typing_extensions import override

from app.errors import BudgetError
from app.wire import Number, Wire

_NUMBER = re.compile(r"[+-]?(\d+(_\d+)*\.?\d*|\.\d+)([eE][+-]?\d+)?")


class AskedBudget(Wire):
    """A budget: in the resource's own unit, or as a part of what all usable scenes cost."""

    limit: Annotated[Number, Field(ge=0)] | None = None
    fraction: Annotated[Number, Field(gt=0, le=1)] | None = Field(default=None, examples=[0.03])

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.limit is None) == (self.fraction is None):
            rule = "give either limit or fraction"
            raise ValueError(rule)
        return self

    @override
    def __str__(self) -> str:
        """Return it as people write it."""
        return f"{self.limit:.15g}" if self.fraction is None else f"{100 * self.fraction:.6g}%"

    def within(self, total: float) -> float:
        """Return the limit in the resource's unit, given what all usable scenes cost."""
        return float(self.limit or 0.0) if self.fraction is None else total * self.fraction


class BudgetRequest(AskedBudget):
    """A budget: in the resource's own unit, or as a part of what all usable scenes cost."""

    limit: Annotated[Number, Field(gt=0)] | None = Field(default=None, examples=[6_500_000])


def part_of(limit: float, total: float) -> float:
    """Return a limit as a part of what all usable scenes cost; where all are free, that is all.

    It is finite, also where a large limit meets small costs.
    """
    return min(limit / total, sys.float_info.max) if total else 1.0


def parse_budget(text: str) -> AskedBudget:
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
    if percent and not 0 < amount <= 100:  # noqa: PLR2004  all there is
        detail = f"A budget in percent is above 0 % and at most 100 %, not {amount:.6g} %."
        raise BudgetError(detail)
    if not math.isfinite(amount) or amount < 0:
        detail = f"A budget is a finite number of at least 0, not {amount:g}."
        raise BudgetError(detail)
    return AskedBudget(fraction=amount / 100) if percent else AskedBudget(limit=amount)
