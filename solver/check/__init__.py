"""The verifier of certificates: numpy and the inputs, and nothing of the solver but its errors.

`check` recomputes feasibility, objective and bound from the inputs. It uses no optimisation: every
bound follows from multipliers that the certificate states, and any multipliers of the right sign
give a valid one, so a wrong certificate can only prove less, never something false.
"""

from solver.check.claims import Proven, check
from solver.check.inputs import Inputs
from solver.check.reading import stated_constraints

__all__ = ["Inputs", "Proven", "check", "stated_constraints"]
