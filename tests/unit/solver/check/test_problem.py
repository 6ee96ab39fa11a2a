"""What the checker refuses of a problem, before there is a certificate."""

from typing import Any

import numpy as np
import pytest

from solver.check.problem import Inputs
from solver.check.reading import CertificateError, number


def _sum(shares: list[float]) -> dict[str, Any]:
    arrays = {
        **{f"term{k}_{name}": np.ones(shape) for k in (0, 1)
           for name, shape in {"amounts": (2, 1), "weights": (1,), "held": (1,)}.items()},
        "shares": np.array(shares),
    }  # fmt: skip
    return {"objective": "sum", "terms": ["coverage", "coverage"], "costs": np.ones(2),
            "arrays": arrays}  # fmt: skip


@pytest.mark.parametrize("shares", [[0.0, 1.0], [1.0], [1.0, 1.0, 1.0]])
def test_each_term_of_a_sum_has_a_share_above_0(shares: list[float]) -> None:
    """With a share of 0 a term would say nothing, and with too few one would have none."""
    Inputs(**_sum([0.5, 1.0]))
    with pytest.raises(CertificateError, match="shares must be above 0, one for each term"):
        Inputs(**_sum(shares))


def test_a_row_may_be_longer_than_what_is_read_at_once() -> None:
    """Of a problem with a million points, and the hash is that of all numbers."""
    points = (1 << 20) + 1
    arrays = {"distances": np.zeros((2, points)), "reach": np.ones(points)}
    inputs = Inputs(objective="k_center", costs=np.ones(2), arrays=arrays)
    none: dict[str, Any] = {"resources": []}
    before = inputs.digest(1.0, none)
    arrays["distances"][1, -1] = 0.5
    inputs = Inputs(objective="k_center", costs=np.ones(2), arrays=arrays)
    assert inputs.digest(1.0, none) != before


def test_a_limit_is_told_where_there_is_one() -> None:
    """A number that may be anything finite is not said to have a least one."""
    with pytest.raises(CertificateError, match=r"malformed: t is not a finite number\.$"):
        number(None, "t")
    with pytest.raises(CertificateError, match=r"a finite number of at least 0\.$"):
        number(-1.0, "t", 0.0)
