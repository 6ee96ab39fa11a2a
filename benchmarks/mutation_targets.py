"""What `mutation.py` changes, which tests should notice, and which changes make no difference."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """Code to change.

    Parameters
    ----------
    name
        For tables, and for ``--only``.
    file
        From the root of the tree.
    tests
        Files of tests, the quickest first, and options of pytest.
    functions
        What of the file is changed; all of it where empty.
    """

    name: str
    file: str
    tests: tuple[str, ...]
    functions: tuple[str, ...] = ()


_UNIT = "tests/unit/solver"

TARGETS: tuple[Target, ...] = (
    Target("verify", "solver/verify.py", (f"{_UNIT}/test_verify.py",)),
    Target("reduction", "solver/rules/reduction.py", (f"{_UNIT}/rules/test_reduction.py",)),
    Target("feasibility", "solver/rules/feasibility.py", (f"{_UNIT}/rules/test_feasibility.py",)),
    Target("bounds", "solver/bounds.py", (f"{_UNIT}/test_bounds.py",)),
    Target(
        "relaxation",
        "solver/signatures/relaxation.py",
        (f"{_UNIT}/signatures/test_relaxation.py", f"{_UNIT}/test_bounds.py"),
    ),
    Target("dual", "solver/signatures/dual.py", (f"{_UNIT}/signatures/test_dual.py",)),
    Target(
        "frontier",
        "solver/frontier/frontier.py",
        (f"{_UNIT}/frontier/test_frontier.py", "tests/property/test_frontier.py"),
    ),
    Target(
        "walk",
        "solver/frontier/walk.py",
        (f"{_UNIT}/frontier/test_frontier.py", f"{_UNIT}/frontier/test_search.py"),
    ),
    Target("knee", "solver/frontier/knee.py", ("tests/property/test_frontier.py",)),
    Target(
        "ranking",
        "solver/ranking.py",
        (f"{_UNIT}/test_ranking.py", "tests/property/test_ranking.py"),
    ),
    Target(
        "keys",
        "app/access/service.py",
        ("tests/unit/app/access/test_keys.py", "tests/api/test_keys_api.py"),
    ),
    Target("permitted files", "app/access/files.py", ("tests/unit/app/access/test_files.py",)),
    Target("egress", "app/callbacks/egress.py", ("tests/unit/app/callbacks/test_egress.py",)),
    Target(
        "roots",
        "app/settings.py",
        ("tests/unit/app/test_settings.py",),
        ("Settings.may_read", "Settings.holds", "Settings.may_read_uri"),
    ),
    Target("uris", "features/storage/uris.py", ("tests/unit/features/storage/test_uris.py",)),
    Target("paths", "features/files/paths.py", ("tests/unit/features/files/test_paths.py",)),
)

_CHECKED = (
    "tests/property/test_certificates_wrong.py",
    "tests/unit/solver/check",
    "tests/property/test_certificates_small.py",
    "-k",
    # The other checker does not notice what is changed in this one.
    "not second and not file_is_read",
)
_CHECKS = (
    "claims", "rules", "tree", "reading", "points", "planes", "problem", "rounding",
    "signatures", "pairs", "sets", "concave", "design",
)  # fmt: skip
TARGETS += tuple(Target(f"check {name}", f"solver/check/{name}.py", _CHECKED) for name in _CHECKS)

# By target: what the change does, what stands there, what is put there.
NAMED: dict[str, tuple[tuple[str, str, str], ...]] = {
    "verify": (
        ("1 % over a budget passes", "BUDGET_TOLERANCE = 1e-12", "BUDGET_TOLERANCE = 1e-2"),
        ("groups are not looked at", "for group in rules.groups:", "for group in ():"),
        ("resources are not looked at", "in rules.resources:", "in ():"),
        ("any objective passes", "TOLERANCE = 1e-9", "TOLERANCE = 1e-2"),
    ),
    "ranking": (
        (
            "what is labelled is no company",
            "present[problem.constraints.labelled] = True",
            "pass",
        ),
    ),
    "frontier": (
        (
            "bounds are 2 % low",
            "upper_bound=result.upper_bound,",
            "upper_bound=result.upper_bound - 0.02 * abs(result.upper_bound),",
        ),
    ),
    "walk": (
        (
            "bounds are 2 % low",
            "self.bounds[place] = attempt.upper_bound",
            "self.bounds[place] = 0.98 * attempt.upper_bound",
        ),
    ),
    "bounds": (
        (
            "bounds are 2 % low",
            "return max(incumbent, bound +",
            "return max(incumbent, 0.98 * bound +",
        ),
        (
            "bounds are 2 % low",
            "return max(incumbent, signature_bound(problem, incumbent, stop))",
            "return max(incumbent, 0.98 * signature_bound(problem, incumbent, stop))",
        ),
    ),
    "egress": (("addresses behind NAT64 pass", "if address in _NAT64:", "if False:"),),
}

NAMED |= {
    "check rules": (
        (
            "budgets are not looked at",
            "* bought, -math.inf, most)]",
            "* bought, -math.inf, 1e300)]",
        ),
        (
            "resources are not looked at",
            "* bought, -math.inf, limit)",
            "* bought, -math.inf, 1e300)",
        ),
        ("groups are not looked at", 'in sequence(constraints["groups"], "groups"):', "in ():"),
        ("multipliers of the wrong sign pass", "holds=not wrong,", "holds=True,"),
        ("1 % over a budget passes", "BUDGET_TOLERANCE = 1e-12", "BUDGET_TOLERANCE = 1e-2"),
    ),
    "check claims": (
        ("included scenes may be missing", "bool(there[rules.included].all())", "True"),
        ("excluded scenes may be chosen", "not there[rules.excluded].any()", "True"),
        ("optimal with a gap passes", 'status != "optimal" or bound == objective', "True"),
        ("a bound below the objective passes", "holds=bound >= objective", "holds=True"),
        ("t may be above its top", "holds=top >= most", "holds=True"),
        ("hashes may differ", 'about["sha256"] == inputs.digest(budget, constraints)', "True"),
        ("open ends of an infeasible one pass", "holds=not tree.bounded_ends", "holds=True"),
    ),
    "check tree": (
        ("a part of t is left out", "low=max(node.low, t)", "low=max(node.low, 1.1 * t)"),
        ("a branch may stay open", "holds=not open_,", "holds=True,"),
        ("decisions are not shown", "holds=worst <= most", "holds=True"),
        ("bounds need not be finite", "holds=math.isfinite(value)", "holds=True"),
        ("empty ends are believed", "holds=holds, otherwise", "holds=True, otherwise"),
    ),
    "check pairs": (
        ("bounds are one too low", "float(math.floor(bound))", "float(math.floor(bound)) - 1.0"),
        ("fractions are rounded down", "whole and total < _LARGEST_WHOLE", "True"),
    ),
}

# By `Mutant.name`: why no promise is broken.
EQUIVALENT: dict[str, str] = {
    "solver/verify.py _: if len(present) > _PAIRWISE: return total + _all_pairs(problem, present) "
    "-> pass": "only takes longer",
    "solver/verify.py _: len(present) > _PAIRWISE -> (len(present) >= _PAIRWISE)": "same sum",
    "solver/verify.py _all_pairs: v += w[start : start + _ROWS] @ rows -> "
    "v -= w[start:start + _ROWS] @ rows": "only |v| counts",
    "solver/verify.py _: row > service -> (row >= service)": "equal numbers",
    "features/storage/uris.py _require_short: 4 * len(name) > MAX_URI_BYTES -> "
    "(4 * len(name) >= MAX_URI_BYTES)": "a name more is measured",
    "features/storage/uris.py _unescaped: {plain[-2], plain[-1]} <= _HEX -> "
    "({plain[-2], plain[-1]} < _HEX)": "two digits are never all digits",
}
