"""Planes of the checker against every selection, in fifty digits."""

from itertools import combinations

import mpmath
import numpy as np
import pytest

from solver.check.design import Root, largest_rank
from solver.check.planes import Part, PlaneBatch, Planes
from solver.check.reading import CertificateError
from solver.check.sets import set_planes

N = 7
TAKEN_AT_ROOT = [0]
KINDS = ["facility", "coverage", "design", "tight", "wide", "few", "sum"]

mpmath.mp.dps = 50


class Rows:
    """Rows of numbers, as a certificate has them."""

    def __init__(self, rows: list[tuple[np.ndarray, np.ndarray]]) -> None:
        self.rows = rows

    @property
    def least(self) -> float:
        """The smallest number."""
        return min((float(values.min()) for _, values in self.rows), default=np.inf)

    def row(self, place: int) -> tuple[np.ndarray, np.ndarray]:
        """Return a row."""
        return self.rows[place]


def arrays_of(kind: str, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Random arrays of an objective.

    `tight` and `wide` are designs, badly and well conditioned; `few` one whose rank is bought.
    """
    m, d = 5, 5 if kind == "few" else 3
    if kind == "facility":
        names = {"similarities": (N, m), "demands": (m,), "served": (m,)}
        found = {name: rng.uniform(0, 1, shape) ** 2 for name, shape in names.items()}
        found["served"] *= 0.3
        return found
    if kind == "coverage":
        names = {"amounts": (N, m), "weights": (m,), "held": (m,)}
        return {name: rng.uniform(0, 2, shape) for name, shape in names.items()}
    if kind == "sum":
        first, second = arrays_of("coverage", rng), arrays_of("design", rng)
        return {
            **{f"term0_{name}": array for name, array in first.items()},
            **{f"term1_{name}": array for name, array in second.items()},
            "shares": np.array([0.7, 1.9]),
        }
    sizes = rng.integers(0, 2 if kind == "few" else 4, N)
    factors = rng.normal(size=(int(sizes.sum()), d))
    seen = rng.normal(size=(d, d))
    ridge, known = {
        "design": (0.3, 1.0),
        "tight": (1e-4, 1e4),
        "wide": (30.0, 0.0),
        "few": (0.1, 0.5),
    }[kind]
    prior = np.eye(d) + known * np.outer(seen[0], seen[0])
    return {
        "factors": factors,
        "sizes": sizes,
        "ridge": np.array(ridge),
        "prior": 0.5 * (prior + prior.T),
    }


def exact_worth(kind: str, arrays: dict[str, np.ndarray], items: list[int]) -> mpmath.mpf:
    """Return the worth of a selection by its definition in ``docs/certificate.md``."""
    number = lambda value: mpmath.mpf(float(value))  # noqa: E731 - a shorthand
    if kind == "facility":
        s, e, b = arrays["similarities"], arrays["demands"], arrays["served"]
        best = [max([b[j], *(s[i, j] for i in items)]) for j in range(len(e))]
        return mpmath.fsum(number(e[j]) * number(best[j]) for j in range(len(e)))
    if kind == "coverage":
        a, q, h = arrays["amounts"], arrays["weights"], arrays["held"]
        total = mpmath.mpf(0)
        for u in range(len(q)):
            t = number(h[u]) + mpmath.fsum(number(a[i, u]) for i in items)
            total += number(q[u]) * t / (1 + t)
        return total
    if kind == "sum":
        terms = [
            exact_worth(name, {k[6:]: v for k, v in arrays.items() if k[:6] == f"term{t}_"}, items)
            for t, name in enumerate(["coverage", "design"])
        ]
        shares = [number(share) for share in arrays["shares"]]
        return mpmath.fsum(s * t for s, t in zip(shares, terms, strict=True))
    owner = np.repeat(np.arange(N), arrays["sizes"])
    rows = arrays["factors"][np.isin(owner, items)]
    matrix = mpmath.matrix(arrays["prior"].tolist())
    for row in rows.tolist():
        column = mpmath.matrix(row)
        matrix += column * column.T / number(arrays["ridge"])
    return mpmath.log(mpmath.det(matrix))


def root_of(rank_budget: float = 3.0) -> Root:
    """Return what can be bought: item 0 is there already, all others cost 1."""
    taken = np.zeros(N, dtype=bool)
    taken[TAKEN_AT_ROOT] = True
    costs = np.where(taken, 0.0, 1.0)
    return Root(taken=taken, undecided=~taken, costs=costs, left=rank_budget, most=4.0)


def planes_of(kind: str, arrays: dict[str, np.ndarray], rows: Rows) -> Planes:
    """Return the planes of a kind, as certificates know it."""
    name = "design" if kind in {"tight", "wide", "few"} else kind
    terms = ["coverage", "design"] if kind == "sum" else []
    return set_planes(name, terms, arrays, rows, root_of())  # type: ignore[arg-type]


def some_parts(rng: np.random.Generator, count: int) -> list[Part]:
    """Return random parts, each with a row of its own."""
    parts = []
    for place in range(count):
        # 0 undecided, 1 taken, 2 refused
        state = rng.choice(3, N, p=[0.6, 0.2, 0.2])
        state[TAKEN_AT_ROOT] = 1
        parts.append(
            Part(
                taken=state == 1,
                undecided=state == 0,
                low=0.0,
                high=0.0,
                left=3.0,
                point=place,
                scale=[1.0, 0.5][place % 2],
                shift=None,
            )
        )
    return parts


def some_rows(kind: str, rng: np.random.Generator, count: int) -> Rows:
    """Return random rows, over some of the items or points."""
    width = 5 if kind == "facility" else N
    found = []
    for _ in range(count):
        items = np.sort(rng.choice(width, int(rng.integers(1, width + 1)), replace=False))
        found.append((items, rng.uniform(0, 1, len(items)) ** 2))
    return Rows(found)


def selections(part: Part) -> list[list[int]]:
    """Every selection of a part that costs no more than 3: what a part's planes are about."""
    taken = np.flatnonzero(part.taken).tolist()
    free = np.flatnonzero(part.undecided).tolist()
    left = 3 - (len(taken) - len(TAKEN_AT_ROOT))
    return [[*taken, *more] for k in range(max(0, left) + 1) for more in combinations(free, k)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(4))
def test_no_selection_of_a_part_is_worth_more_than_its_plane(kind: str, seed: int) -> None:
    """Constant, slopes and errors together bound each selection, without any tolerance."""
    rng = np.random.default_rng(seed)
    arrays, rows, parts = arrays_of(kind, rng), some_rows(kind, rng, 4), some_parts(rng, 4)
    batch = planes_of(kind, arrays, rows).batch(parts)
    for place, part in enumerate(parts):
        constant = mpmath.mpf(batch.constants[place]) + mpmath.mpf(batch.constant_errors[place])
        slopes = [
            mpmath.mpf(g) + mpmath.mpf(e)
            for g, e in zip(batch.slopes[place], batch.slope_errors[place], strict=True)
        ]
        for items in selections(part):
            bound = constant + mpmath.fsum(slopes[i] for i in items)
            assert exact_worth(kind, arrays, items) <= bound


@pytest.mark.parametrize("kind", KINDS)
def test_a_plane_at_a_selection_touches_it(kind: str) -> None:
    """Where nothing is undecided the bound is the worth, up to the errors that are stated."""
    rng = np.random.default_rng(5)
    arrays = arrays_of(kind, rng)
    for items in ([0, 2], [0, 1, 4], [0, 3, 5, 6]):
        taken = np.zeros(N, dtype=bool)
        taken[items] = True
        values = np.zeros(0)
        where = np.zeros(0, dtype=np.int64)
        if kind == "facility":
            more = np.maximum(arrays["similarities"][items] - arrays["served"], 0.0).max(axis=0)
            where, values = np.arange(5), arrays["demands"] * more
        part = Part(
            taken=taken,
            undecided=np.zeros(N, dtype=bool),
            low=0.0,
            high=0.0,
            left=0.0,
            point=0,
            scale=1.0,
            shift=None,
        )
        planes = planes_of(kind, arrays, Rows([(where, values)]))
        batch = planes.batch([part])
        bound = batch.constants[0] + batch.slopes[0][items].sum()
        off = batch.constant_errors[0] + batch.slope_errors[0][items].sum() + 1e-14 * abs(bound)
        worth = float(exact_worth(kind, arrays, items))
        assert abs(bound - worth) <= off
        assert off <= 1e-9 * abs(worth), "errors that say nothing"


@pytest.mark.parametrize("kind", KINDS)
def test_a_worth_is_off_by_no_more_than_it_says(kind: str) -> None:
    """The worth of a selection differs from fifty digits of it by less than its stated error."""
    rng = np.random.default_rng(6)
    arrays = arrays_of(kind, rng)
    planes = planes_of(kind, arrays, Rows([]))
    for k in range(N):
        for items in combinations(range(N), k):
            worth, error, scale = planes.worth(np.array(items, dtype=np.int64))
            exact = exact_worth(kind, arrays, list(items))
            assert abs(mpmath.mpf(worth) - exact) <= mpmath.mpf(error)
            assert error <= 1e-9 * abs(worth) + 1e-12 * scale


def exact_facility(arrays: dict[str, np.ndarray], levels: np.ndarray) -> list[mpmath.mpf]:
    """Return the constant and the slopes of a plane in fifty digits."""
    s, e, b = (arrays[name] for name in ("similarities", "demands", "served"))
    number = lambda value: mpmath.mpf(float(value))  # noqa: E731 - a shorthand
    constant = mpmath.fsum(number(e[j]) * number(b[j]) + number(levels[j]) for j in range(len(e)))
    slopes = [
        mpmath.fsum(
            max(
                mpmath.mpf(0),
                number(e[j]) * max(mpmath.mpf(0), number(s[i, j]) - number(b[j]))
                - number(levels[j]),
            )
            for j in range(len(e))
        )
        for i in range(N)
    ]
    return [constant, *slopes]


def test_errors_bound_what_float64_loses_of_the_formulas() -> None:
    """Each number of a facility's plane is below its value in fifty digits by less than its error.

    Levels lie on worths, where cancellation is worst.
    """
    rng = np.random.default_rng(7)
    for seed in range(20):
        arrays = arrays_of("facility", np.random.default_rng(seed))
        more = np.maximum(arrays["similarities"] - arrays["served"], 0.0) * arrays["demands"]
        levels = more[rng.integers(0, N, 5), np.arange(5)]
        levels = np.maximum(0.0, np.nextafter(levels, rng.choice([0.0, 9.0], 5)))
        everything = np.ones(N, dtype=bool)
        part = Part(
            taken=~everything,
            undecided=everything,
            low=0.0,
            high=0.0,
            left=3.0,
            point=0,
            scale=1.0,
            shift=None,
        )
        rows = Rows([(np.arange(5), levels)])
        batch: PlaneBatch = planes_of("facility", arrays, rows).batch([part])
        computed = [batch.constants[0], *batch.slopes[0]]
        errors = [batch.constant_errors[0], *batch.slope_errors[0]]
        for exact, got, off in zip(exact_facility(arrays, levels), computed, errors, strict=True):
            assert exact <= mpmath.mpf(got) + mpmath.mpf(off)
            assert off <= 1e-13


def test_the_largest_rank_is_that_of_the_best_purchase() -> None:
    """No purchase has more rows than is said, and for whole rows of one price it is met."""
    rng = np.random.default_rng(8)
    for _ in range(60):
        sizes = rng.integers(0, 4, N)
        costs, undecided = rng.integers(1, 9, N).astype(float), rng.random(N) < 0.8
        left, most = float(rng.integers(0, 20)), float(rng.integers(0, N))
        root = Root(taken=~undecided, undecided=undecided, costs=costs, left=left, most=most)
        free = np.flatnonzero(undecided).tolist()
        best = max(
            int(sizes[list(items)].sum())
            for k in range(int(min(most, len(free))) + 1)
            for items in combinations(free, k)
            if costs[list(items)].sum() <= left
        )
        assert best <= largest_rank(sizes, root) <= sizes[free].sum()
    sizes, undecided = np.ones(N, dtype=np.int64), np.ones(N, dtype=bool)
    root = Root(
        taken=~undecided, undecided=undecided, costs=np.full(N, 0.1), left=0.3, most=float(N)
    )
    assert largest_rank(sizes, root) in {2, 3}  # 0.1 + 0.1 + 0.1 is above 0.3 by a rounding


def test_center_worths_are_exact() -> None:
    """The worth of centers is a distance of the matrix, negated."""
    distances = np.array([[0.0, 3.0, 5.0], [3.0, 0.0, 1.0]])
    arrays = {"distances": distances, "reach": np.array([4.0, 2.0, 9.0])}
    planes = set_planes("k_center", [], arrays, Rows([]), root_of())  # type: ignore[arg-type]
    assert planes.worth(np.array([0])) == (-5.0, 0.0, 0.0)
    assert planes.worth(np.array([1])) == (-3.0, 0.0, 0.0)
    assert planes.worth(np.zeros(0, dtype=np.int64)) == (-9.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("kind", "values", "shift"),
    [
        ("facility", [-1e-9, 0.0, 0.0, 0.0, 0.0], None),
        ("facility", [0.0] * 5, 0),
        ("coverage", [0.0] * N, 0),
        ("design", [1e300] * N, None),
    ],
)
def test_a_row_that_makes_no_plane_is_refused(
    kind: str, values: list[float], shift: int | None
) -> None:
    """Levels below 0, shifts, and points beyond all numbers are refused."""
    arrays = arrays_of(kind, np.random.default_rng(9))
    everything = np.ones(N, dtype=bool)
    part = Part(
        taken=~everything,
        undecided=everything,
        low=0.0,
        high=0.0,
        left=3.0,
        point=0,
        scale=1.0 if values[0] < 1 else 1e10,
        shift=shift,
    )
    rows = Rows([(np.arange(len(values)), np.array(values))])
    with pytest.raises(CertificateError), np.errstate(all="ignore"):
        planes_of(kind, arrays, rows).batch([part])


def test_an_item_that_nobody_can_buy_buys_no_tolerance_of_designs() -> None:
    """However large an item is, what is granted is at most a millionth of the worth and 1."""
    arrays = {
        "factors": np.array([[1.0], [1e9]]),
        "sizes": np.ones(2),
        "ridge": np.array(1.0),
        "prior": np.eye(1),
    }
    nothing = np.zeros(2, dtype=bool)
    costs = np.array([1.0, 9.0])
    root = Root(taken=nothing, undecided=costs < 2.0, costs=costs, left=1.0, most=1.0)
    planes = set_planes("design", [], arrays, Rows([]), root)
    worth, _, scale = planes.worth(np.array([0]))
    assert worth == pytest.approx(np.log(2.0))
    assert scale <= 1e6 * (1.0 + worth)
