"""The checker of certificates: written from ``docs/certificate.md``, numpy and nothing else.

It imports nothing of this project, and runs where a copy of this folder lies. It uses no
optimisation: every bound follows from numbers that the certificate states, and any numbers give a
valid one, so a wrong certificate can only prove less, never something false. What rounding may have
taken off a bound is itself bounded, and added.
"""

from .claims import Proven, check, proven_bound
from .problem import Inputs, read_problem
from .reading import CertificateError, parse
from .rules import stated_constraints

__all__ = [
    "CertificateError",
    "Inputs",
    "Proven",
    "check",
    "parse",
    "proven_bound",
    "read_problem",
    "stated_constraints",
]
