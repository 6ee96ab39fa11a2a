"""What a certificate is about, as plain arrays, and the hash that binds the two together."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]

# Numbers turned into bytes at once.
_BLOCK = 1 << 20

NO_CONSTRAINTS: Mapping[str, Any] = {
    "include": [],
    "exclude": [],
    "labelled": [],
    "min_items": 0,
    "max_items": None,
    "groups": [],
    "resources": [],
}


@dataclass(frozen=True, eq=False, kw_only=True)
class Inputs:
    """A problem as plain data.

    Parameters
    ----------
    costs, budget
        Shape (n,), and the limit on the sum of what is chosen.
    profits
        Shape (n,): what each item is worth alone.
    weights, vectors
        Signatures, shapes (n,) and (n, d), float64 or float32; or None.
    utilities
        Pair utilities, shape (n, n); or None.
    ids
        Names of the items; empty where they have none.
    constraints
        As a certificate states them: item numbers under ``include``, ``exclude``, ``labelled``;
        ``min_items``, ``max_items`` (or None); ``groups`` with ``name``, ``items``, ``minimum``,
        ``maximum`` (or None); ``resources`` with ``name`` and ``limit``.
    resource_costs
        One array of shape (n,) for each entry of ``resources``, in their order.
    """

    costs: Array
    budget: float
    profits: Array
    weights: Array | None = None
    vectors: Array | None = None
    utilities: Array | None = None
    ids: Sequence[str] = ()
    constraints: Mapping[str, Any] = field(default_factory=lambda: dict(NO_CONSTRAINTS))
    resource_costs: Sequence[Array] = ()

    @property
    def n(self) -> int:
        """Number of items."""
        return len(self.costs)

    def _arrays(self) -> Iterator[Array]:
        yield self.costs
        yield self.profits
        for array in (self.weights, self.vectors, self.utilities):
            if array is not None:
                yield array
        yield from self.resource_costs

    def digest(self) -> str:
        """Return SHA-256, in hexadecimal, of all that is asked.

        It covers a JSON header (keys sorted, no spaces, ASCII) with budget, constraints, ids and
        the shapes of the arrays, a newline, and the arrays as little-endian float64 in C order:
        costs, profits, then weights and vectors or utilities, then further resources.
        """
        header = {
            "budget": float(self.budget),
            "constraints": self.constraints,
            "ids": list(self.ids),
            "shapes": [list(array.shape) for array in self._arrays()],
        }
        text = json.dumps(header, sort_keys=True, separators=(",", ":"), allow_nan=False)
        content = hashlib.sha256(text.encode() + b"\n")
        for array in self._arrays():
            rows = max(1, _BLOCK // max(1, int(np.prod(array.shape[1:], dtype=np.int64))))
            for start in range(0, len(array), rows):
                block = np.ascontiguousarray(array[start : start + rows], dtype="<f8")
                content.update(block.tobytes())
        return content.hexdigest()
