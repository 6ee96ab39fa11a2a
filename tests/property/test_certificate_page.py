"""The worked example of docs/certificate.md: this makes it, and both checkers accept the page's.

    PYTHONPATH=tests:tests/property:. python tests/property/test_certificate_page.py

prints the certificate as the page has it.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkers import CHECKERS
from claims import assert_true
from second_checker import Refused
from small_certificates import NO_RULES, block, fingerprint
from small_truth import Arrays

PAGE = Path(__file__).parents[2] / "docs" / "certificate.md"


def _block(language: str) -> str:
    """Return the one block of code of the worked example in a language."""
    _, _, example = PAGE.read_text("utf-8").partition("## A worked example")
    found = re.findall(rf"```{language}\n(.*?)```", example, re.DOTALL)
    assert len(found) == 1
    return str(found[0])


def _arrays(folder: Path) -> Arrays:
    """Return the problem's file that the page's lines write."""
    path = str(folder / "problem.npz")
    exec(_block("python").replace('"problem.npz"', repr(path)), {})  # noqa: S102 - the page's own
    with np.load(path) as archive:
        return dict(archive)


def made(arrays: Arrays) -> dict[str, Any]:
    """Return the certificate of the worked example."""
    bound = {"multipliers": {}, "taken": [], "refused": []}
    return {
        "format": "seedal-certificate/3",
        "problem": fingerprint(arrays, 2.0, NO_RULES),
        "budget": 2.0,
        "constraints": NO_RULES,
        "status": "optimal",
        "selected": [0, 1],
        "total_cost": 2.0,
        "objective": 1.0,
        "upper_bound": 1.0,
        "proof": {
            "tree": [
                {"item": 2},
                {"point": 0, **bound},
                {"end": "bounded"},
                {"point": 1, **bound},
                {"end": "bounded"},
            ],
            "points": [block([0, 1], [[1.0, 1.0], [0.5, 0.5]], "<f4")],
            "top": 2.00000000001,
            "shifts": [],
        },
    }


def _written(certificate: dict[str, Any]) -> str:
    """Return a certificate as the page has it: a field a line, and a node a line."""
    lines = []
    for name, value in certificate.items():
        if name == "proof":
            tree = ",\n      ".join(json.dumps(node) for node in value["tree"])
            rest = "".join(
                f',\n    "{k}": {json.dumps(v)}' for k, v in value.items() if k != "tree"
            )
            lines.append(f'  "proof": {{\n    "tree": [\n      {tree}\n    ]{rest}\n  }}')
        else:
            lines.append(f'  "{name}": {json.dumps(value)}')
    return "{\n" + ",\n".join(lines) + "\n}\n"


def test_the_page_has_what_this_makes(tmp_path: Path) -> None:
    """Letter for letter."""
    assert _block("json") == _written(made(_arrays(tmp_path)))


@pytest.mark.parametrize("checker", CHECKERS)
def test_the_example_is_accepted_and_true(checker: str, tmp_path: Path) -> None:
    """As a stranger would ask, with the file that the page's lines write."""
    arrays, content = _arrays(tmp_path), _block("json").encode()
    CHECKERS[checker](tmp_path / "problem.npz", content)
    assert_true(arrays, content)


@pytest.mark.parametrize("checker", CHECKERS)
def test_a_lesser_claim_about_the_example_is_refused(checker: str, tmp_path: Path) -> None:
    """The second selection of the page is not optimal, whatever a certificate calls it."""
    certificate = json.loads(_block("json"))
    certificate |= {"selected": [0, 2], "objective": 0.4, "upper_bound": 0.4}
    with pytest.raises(Refused):
        CHECKERS[checker](_arrays(tmp_path), json.dumps(certificate).encode())


def test_the_bounds_of_the_page_are_those_of_its_planes(tmp_path: Path) -> None:
    """Each line of its arithmetic, by the formulas above it."""
    arrays = _arrays(tmp_path)
    m, half = arrays["vectors"], 0.5 * 2.00000000001
    for z, slopes, bound in (
        ([1.0, 1.0, 0.0], [0.0, 0.0, -0.4], 1.0),
        ([0.5, 0.5, 1.0], [-0.1, -0.3, -0.7], 0.75),
    ):
        u = np.array(z) @ m
        g = half - m @ u
        assert g == pytest.approx(slopes, abs=1e-9)
        taken = g[2] if z[2] else 0.0
        assert 0.5 * u @ u + taken + np.maximum(g[:2], 0.0).sum() == pytest.approx(bound, abs=1e-9)


if __name__ == "__main__":
    ARRAYS = {
        "weights": np.ones(3),
        "vectors": np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]]),
        "costs": np.ones(3),
    }
    sys.stdout.write(_written(made(ARRAYS)))
