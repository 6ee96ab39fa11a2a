"""The checkers of certificates, each as a function that says no in one way."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from second_checker import Refused, second_check
from small_truth import Arrays

import solver.check as product
from solver.model.errors import SolverError

Checker = Callable[[Arrays | Path, bytes], Any]


def _product(arrays: Arrays | Path, certificate: bytes) -> Any:
    try:
        return product.check(product.read_problem(arrays), certificate)
    except SolverError as error:
        raise Refused(str(error)) from error


CHECKERS: dict[str, Checker] = {"second": second_check}
if hasattr(product, "read_problem"):
    CHECKERS["product"] = _product
