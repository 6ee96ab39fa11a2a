"""The errors of the solver.

::

    SolverError
    ├── InvalidProblemError       the arrays break a rule of the problem (caller's mistake)
    ├── UnknownStrategyError      no strategy of that name
    ├── InvalidOptionError        an option of the search is out of range; a ValueError, too
    ├── BackendUnavailableError   the library is missing, or the problem is beyond what it can take
    ├── BackendFailedError        the backend ran and gave no usable answer
    └── VerificationError         an answer does not hold (a defect, never the caller's mistake)
"""


class SolverError(Exception):
    """Base of every error that the solver raises on purpose."""


class InvalidProblemError(SolverError):
    """A problem breaks a rule; the message names the rule and the first offending item."""


class UnknownStrategyError(SolverError):
    """There is no strategy of that name."""


class InvalidOptionError(SolverError, ValueError):
    """A time limit, a gap, a random seed or a node limit is out of range."""


class BackendUnavailableError(SolverError):
    """A backend cannot be used: its library is missing or the problem is too large for it."""


class BackendFailedError(SolverError):
    """A backend ran and ended without an answer that can be used."""


class VerificationError(SolverError):
    """An answer was checked and does not hold."""
