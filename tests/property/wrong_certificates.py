"""Wrong certificates by hand: each breaks one rule of docs/certificate.md."""

from bending import Wrong
from wrong_answers import wrong_answers
from wrong_extremes import wrong_extremes
from wrong_fields import wrong_fields, wrong_numbers, wrong_texts
from wrong_multipliers import wrong_multipliers
from wrong_points import wrong_forged, wrong_points
from wrong_problems import wrong_files, wrong_forms, wrong_problems, wrong_rules
from wrong_trees import wrong_trees


def _every() -> dict[str, Wrong]:
    parts = (
        wrong_fields,
        wrong_numbers,
        wrong_texts,
        wrong_problems,
        wrong_files,
        wrong_forms,
        wrong_rules,
        wrong_answers,
        wrong_trees,
        wrong_multipliers,
        wrong_points,
        wrong_forged,
        wrong_extremes,
    )
    found: dict[str, Wrong] = {}
    for part in parts:
        for name, wrong in part():
            if name in found:
                message = f"Two wrong certificates have the name {name!r}."
                raise LookupError(message)
            found[name] = wrong
    return found


WRONG = _every()
"""By name, which says what is wrong."""
