"""Further rounds: what the ledger says becomes part of the question, at the moment it is asked.

The ids are written into the request. So an operation, a stored seed and its certificate are about
what was labelled then, whatever is labelled meanwhile.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

from app.choosing.constraints import UsablePool
from app.labels.service import Ledger
from app.seeds.wire import FrontierRequest, SeedBudget, SeedRequest

_KEY: Final = "ledger"


@dataclass(frozen=True, slots=True)
class LabelsUsed:
    """What an answer says of the ledger that it took into account.

    Parameters
    ----------
    version
        Of the ledger.
    spent
        What labelled scenes cost in the budget's resource; None where the budget is for others.
    """

    version: int
    spent: float | None = None

    def stored(self) -> dict[str, Any]:
        """Return it as a member of an operation's stored request."""
        return {_KEY: asdict(self)}

    @classmethod
    def taken(cls, stored: dict[str, Any]) -> Self | None:
        """Take it out of an operation's stored request, where it is there."""
        found = stored.pop(_KEY, None)
        return None if found is None else cls(**found)


def is_for_ledger(request: SeedRequest | FrontierRequest) -> bool:
    """Tell whether a question leaves something to the ledger."""
    asked = request.constraints
    spends = isinstance(request, SeedRequest) and request.budget.includes_labelled
    return asked.labelled_from is not None or asked.keep_queued or spends


def resolved(
    request: SeedRequest | FrontierRequest, ledger: Ledger, pool: UsablePool, resource: str
) -> tuple[SeedRequest | FrontierRequest, LabelsUsed]:
    """Return a question in which nothing is left to the ledger.

    Parameters
    ----------
    request
        It may ask for labelled and queued scenes from the ledger.
    ledger
        Of the dataset.
    pool
        What can be chosen; what the ledger says of other scenes does not count.
    resource
        What the budget limits; `pool` has it.
    """
    asked = request.constraints
    usable = set(pool.ids)
    labelled, include = dict.fromkeys(asked.labelled), dict.fromkeys(asked.include)
    if asked.labelled_from is not None:
        labelled |= dict.fromkeys(name for name in ledger.labelled if name in usable)
    if asked.keep_queued:
        taken = labelled.keys() | set(asked.exclude)
        queued = (name for name in ledger.queued if name in usable and name not in taken)
        include |= dict.fromkeys(queued)
    constraints = asked.model_copy(
        update={
            "labelled": tuple(labelled),
            "include": tuple(include),
            "labelled_from": None,
            "keep_queued": False,
        }
    )
    change: dict[str, Any] = {"constraints": constraints}
    spent = None
    if isinstance(request, SeedRequest) and request.budget.includes_labelled:
        costs = dict(zip(pool.ids, pool.resources[resource].tolist(), strict=True))
        spent = math.fsum(costs.get(name, 0.0) for name in labelled)
        whole = request.budget.within(math.fsum(costs.values()))
        change["budget"] = SeedBudget.left(max(0.0, whole - spent))
    return request.model_copy(update=change), LabelsUsed(ledger.version, spent)
