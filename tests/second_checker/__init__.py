"""A second checker of certificates, written from docs/certificate.md alone.

It shares no line with `solver.check`, and no arithmetic: rules are decided on whole numbers of
any length, bounds on balls of 128 bits (`flint.arb`). A bound holds only if its whole ball does.
"""

from second_checker.refusing import Refused
from second_checker.verdict import Verdict, second_check

__all__ = ["Refused", "Verdict", "second_check"]
