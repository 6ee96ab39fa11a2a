"""Certificates: what a stranger needs to check an answer, bound included.

`certify` proves an answer again, for a reader that trusts no one: a tree of decisions, and for each
leaf the multipliers of a bound. `solver.check` verifies the outcome and shares no code with
this package.
"""

from solver.certificate.certify import certify

__all__ = ["certify"]
