"""Answers that were worked out before, kept under the hash of their question."""

import json
from dataclasses import asdict, fields
from pathlib import Path

import numpy as np

from app.choosing.near_misses import MissedScene
from app.choosing.seeding import RankedScene, SeedAnswer, SeedQuestion
from features.files.paths import atomic_write
from solver.model.errors import SolverError
from solver.model.result import Result, Status, StopReason
from solver.verify import verify

_RESULT_FIELDS = tuple(field.name for field in fields(Result))


def _path(cache: Path, question: SeedQuestion) -> Path:
    return cache / "seeds" / f"{question.digest()}.json"


def recall(cache: Path, question: SeedQuestion) -> SeedAnswer | None:
    """Return the stored answer to a question, or None where there is none that holds.

    A stored answer is verified again: a file that was changed or cut short counts as absent.
    """
    try:
        stored = json.loads(_path(cache, question).read_bytes())
        parts = stored["result"] | {
            "status": Status(stored["result"]["status"]),
            "stop_reason": StopReason(stored["result"]["stop_reason"]),
            "selected": np.array(stored["result"]["selected"], dtype=np.int64),
            "notes": tuple(stored["result"]["notes"]),
        }
        answer = SeedAnswer(
            Result(**parts),
            tuple(RankedScene(**scene) for scene in stored["scenes"]),
            near_misses=tuple(MissedScene(**scene) for scene in stored.get("near_misses", ())),
        )
        verify(question.problem(), answer.result)
    except (OSError, ValueError, TypeError, KeyError, SolverError):
        return None
    return answer


def remember(cache: Path, question: SeedQuestion, answer: SeedAnswer) -> None:
    """Store an answer, all or nothing.

    Raises
    ------
    OSError
        When the cache cannot be written.
    """
    result = {name: getattr(answer.result, name) for name in _RESULT_FIELDS}
    result["selected"] = answer.result.selected.tolist()
    content = {
        "result": result,
        "scenes": [asdict(scene) for scene in answer.scenes],
        "near_misses": [asdict(scene) for scene in answer.near_misses],
    }
    with atomic_write(_path(cache, question)) as stream:
        stream.write(json.dumps(content).encode())
