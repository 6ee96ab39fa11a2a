"""The checkers of certificates, each as a function that says no in one way."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from second_checker import Refused, second_check
from small_truth import Arrays

import solver.check as product

Checker = Callable[[Arrays | Path, bytes], Any]


def _product(problem: Arrays | Path, certificate: bytes) -> Any:
    """Check as a stranger would: from two files."""
    with TemporaryDirectory() as folder:
        path = problem if isinstance(problem, Path) else Path(folder) / "problem.npz"
        if not isinstance(problem, Path):
            np.savez(path, **problem)
        try:
            return product.check(product.read_problem(path), product.parse(certificate))
        except product.CertificateError as error:
            raise Refused(str(error)) from error


CHECKERS: dict[str, Checker] = {"second": second_check}
if hasattr(product, "read_problem"):
    CHECKERS["product"] = _product
