"""``python -m check problem.npz proof.json``: what a certificate proves, in one sentence."""

import sys
from collections.abc import Sequence
from pathlib import Path

from .claims import Proven, check
from .problem import read_problem
from .reading import CertificateError, parse

_ARGUMENTS = 2


def sentence(proven: Proven) -> str:
    """Return what has been proven, in words."""
    if proven.status == "infeasible":
        return f"The certificate holds: no selection keeps every rule ({proven.nodes} nodes)."
    return (
        f"The certificate holds: {proven.status}, objective {proven.objective!r}; no selection is "
        f"worth more than {proven.upper_bound!r} + {proven.tolerance:.3g} within a budget of "
        f"{proven.budget!r} ({proven.nodes} nodes, {proven.bounds} bounds)."
    )


def main(arguments: Sequence[str]) -> int:
    """Check a certificate; return 0 if it holds, 1 if not, 2 if a file cannot be read."""
    if len(arguments) != _ARGUMENTS:
        print("usage: python -m check problem.npz proof.json", file=sys.stderr)
        return 2
    try:
        inputs = read_problem(arguments[0])
        text = Path(arguments[1]).read_bytes()
    except (OSError, CertificateError) as error:
        print(error, file=sys.stderr)
        return 2
    try:
        proven = check(inputs, parse(text))
    except CertificateError as error:
        print(error, file=sys.stderr)
        return 1
    print(sentence(proven))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
