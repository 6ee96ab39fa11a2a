"""Every wrong certificate is refused, by every checker."""

from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from bases import FEASIBLE, NAMES, base
from bending import HUGE
from checkers import CHECKERS, Checker
from second_checker import Refused, second_check
from wrong_certificates import WRONG

FORGED = Path(__file__).parent / "forged"


@pytest.fixture(params=CHECKERS)
def check(request: pytest.FixtureRequest) -> Checker:
    """Give each checker in turn."""
    return CHECKERS[request.param]


@pytest.mark.parametrize("name", NAMES)
def test_what_wrong_certificates_are_made_of_is_right(check: Checker, name: str) -> None:
    """A base is accepted, so that what is refused is what was bent."""
    right = base(name)
    check(right.arrays, right.content)


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_certificate_is_refused(check: Checker, name: str) -> None:
    """Each breaks one rule of docs/certificate.md, which it names."""
    wrong = WRONG[name].made()
    with pytest.raises(Refused):
        check(wrong.arrays, wrong.content)


@pytest.mark.parametrize("name", [name for name in FEASIBLE if name != "k_center"])
def test_a_bound_beyond_floating_point_is_refused_above_a_proof_too(name: str) -> None:
    """What the checker cannot compute it does not pass over; the second one computes it exactly."""
    bent = base(name)
    node = {"point": 0, "multipliers": {"budget": HUGE}, "taken": [], "refused": []}
    bent.cert["proof"]["tree"].insert(0, node)
    with pytest.raises(Refused, match="not a finite number"):
        CHECKERS["product"](bent.arrays, bent.content)


def test_there_are_wrong_certificates_for_every_heading_of_the_page() -> None:
    """Each rule names a heading of the page, or what it is about, and none is forgotten."""
    page = (Path(__file__).parents[2] / "docs" / "certificate.md").read_text("utf-8")
    headings = {line.lstrip("# ") for line in page.splitlines() if line.startswith("##")}
    named = {wrong.rule.split(":")[0] for wrong in WRONG.values()}
    found = {heading for heading in headings if any(heading.startswith(n) for n in named)}
    assert headings - found == {"A worked example", "How large and how quick"}  # no rules there


def _pairs(lines: list[str]) -> dict[str, np.ndarray]:
    """Return the arrays of a quadratic knapsack: edges, then costs, then the budget."""
    n, m = map(int, lines[0].split()[:2])
    utilities = np.zeros((n, n))
    for line in lines[1 : m + 1]:
        i, j, q = line.split()
        utilities[int(i), int(j)] = utilities[int(j), int(i)] = float(q)
    costs = np.array([float(cost) for cost in lines[m + 1].split()])
    return {"utilities": utilities, "costs": costs}


@pytest.mark.parametrize(
    ("problem", "certificate"),
    [
        ("forged_signatures.npz", "forged_signatures.json"),
        ("forged_signatures.npz", "forged_infeasible.json"),
        ("forged_pairs.txt", "forged_pairs.json"),
    ],
)
def test_a_forgery_that_once_passed_is_refused(
    check: Checker, problem: str, certificate: str
) -> None:
    """Three certificates of format 1 that overflowed an earlier checker."""
    path = FORGED / problem
    arrays = (
        dict(np.load(path))
        if path.suffix == ".npz"
        else _pairs(path.read_text("utf-8").splitlines())
    )
    with pytest.raises(Refused):
        check(arrays, (FORGED / certificate).read_bytes())


def test_a_file_is_read_as_its_arrays_are(check: Checker, tmp_path: Path) -> None:
    """The same certificate holds for the file."""
    right = base("signatures")
    np.savez(tmp_path / "problem.npz", **right.arrays)
    check(tmp_path / "problem.npz", right.content)


def test_a_file_that_is_no_problem_is_refused(check: Checker, tmp_path: Path) -> None:
    """No file, no archive, one array, pickled objects, and an array that is there twice."""
    right = base("signatures")
    (tmp_path / "cut.npz").write_bytes(b"PK\x03\x04")
    np.save(tmp_path / "one.npy", right.arrays["costs"])
    np.savez(tmp_path / "objects.npz", **{**right.arrays, "ids": np.array([{}], dtype=object)})
    np.savez(tmp_path / "twice.npz", **right.arrays)
    with (
        ZipFile(tmp_path / "twice.npz", "a") as archive,
        pytest.warns(UserWarning, match="Duplicate"),
    ):
        archive.writestr("costs.npy", archive.read("costs.npy"))
    for name in ("absent.npz", "cut.npz", "one.npy", "objects.npz", "twice.npz"):
        with pytest.raises(Refused):
            check(tmp_path / name, right.content)


def test_an_array_that_the_page_does_not_name_is_not_read(check: Checker) -> None:
    """Nor does it change the hash."""
    right = base("signatures")
    check({**right.arrays, "comment": np.array(["any", "thing"])}, right.content)


def test_storage_is_not_hashed(check: Checker) -> None:
    """The same numbers as whole numbers or float64, in either order of bytes, have one hash."""
    right = base("pairs")
    costs = right.arrays["resource_hours"]
    for kind in (np.float32, np.float64, np.uint8, ">i4"):
        check({**right.arrays, "resource_hours": costs.astype(kind)}, right.content)


def test_the_second_checker_says_what_is_proven() -> None:
    """Its verdict has the status and the numbers, of bytes and of what they say."""
    right = base("signatures")
    for given in (right.content, right.cert):
        found = second_check(right.arrays, given)
        assert (found.status, found.objective) == ("optimal", right.cert["objective"])
        assert found.nodes == len(right.tree)
