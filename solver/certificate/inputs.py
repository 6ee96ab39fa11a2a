"""What a certificate is about: the constraints as JSON, and the hash of everything asked."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from solver.model.problem import Problem, SignatureProblem

# Numbers turned into bytes at once.
_BLOCK = 1 << 20


def _arrays(problem: Problem) -> Iterator[npt.NDArray[Any]]:
    yield problem.costs
    yield problem.profits
    if isinstance(problem, SignatureProblem):
        yield problem.weights
        yield problem.vectors
    else:
        yield problem.utilities
    for resource in problem.constraints.resources:
        yield resource.costs


def constraints_document(problem: Problem) -> dict[str, Any]:
    """Return the constraints of a problem as a certificate states them."""
    limits = problem.constraints
    return {
        "include": limits.include.tolist(),
        "exclude": limits.exclude.tolist(),
        "labelled": limits.labelled.tolist(),
        "min_items": limits.min_items,
        "max_items": limits.max_items,
        "groups": [
            {
                "name": group.name,
                "items": group.items.tolist(),
                "minimum": group.minimum,
                "maximum": group.maximum,
            }
            for group in limits.groups
        ],
        "resources": [{"name": r.name, "limit": float(r.limit)} for r in limits.resources],
    }


def digest(problem: Problem) -> str:
    """Return SHA-256 of all that is asked, as ``docs/certificate.md`` defines it."""
    header = {
        "budget": problem.budget,
        "constraints": constraints_document(problem),
        "ids": list(problem.ids),
        "shapes": [list(array.shape) for array in _arrays(problem)],
    }
    text = json.dumps(header, sort_keys=True, separators=(",", ":"), allow_nan=False)
    content = hashlib.sha256(text.encode() + b"\n")
    for array in _arrays(problem):
        rows = max(1, _BLOCK // max(1, int(np.prod(array.shape[1:], dtype=np.int64))))
        for start in range(0, len(array), rows):
            content.update(np.ascontiguousarray(array[start : start + rows], dtype="<f8").tobytes())
    return content.hexdigest()
