"""A table of priorities, for platforms that take a number for each item.

They differ in which end comes first, and in the range. Each column suits some of them:

- ``rank``: 1 is first;
- ``priority_high``: the largest is first, 1 is last (Segments.ai);
- ``priority_0_1``: 1.0 is first, and none is 0 (Encord);
- ``priority_1_5``: 1 is first, each number for a fifth of the seed (Labelbox).
"""

import csv
import io
from typing import Final

from app.exports.seed import ExportableSeed

_STEPS: Final = 5


def seed_priorities(seed: ExportableSeed) -> dict[str, bytes]:
    """Return ``priorities.csv``: one row a chosen scene, in rank order; names are as they are."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["rank", "scene_id", "priority_high", "priority_0_1", "priority_1_5"])
    count = len(seed.chosen)
    for place, name in enumerate(seed.chosen):
        high = count - place
        writer.writerow([place + 1, name, high, high / count, 1 + _STEPS * place // count])
    return {"priorities.csv": stream.getvalue().encode()}
