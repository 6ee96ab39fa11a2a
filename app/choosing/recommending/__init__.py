"""What is recommended where no objective is asked for, and what can be said of it."""

from app.choosing.recommending.expecting import Expectation, expect
from app.choosing.recommending.seed import FIRST, Recommendation, Recommended, recommend

__all__ = ["FIRST", "Expectation", "Recommendation", "Recommended", "expect", "recommend"]
