"""What runs inside a solve process: tasks come in through a pipe, answers or errors go out."""

import signal
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import numpy.typing as npt
import structlog

from app.errors import AppError, SolveCrashedError
from app.observability import configure_logging
from app.services.seeding import SeedAnswer, SeedQuestion, make_seed
from features.signatures import Signatures

_REMEMBERED = 4
"""Datasets whose signatures a process keeps in memory."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class SolveTask:
    """A question whose signatures are still on disk.

    Parameters
    ----------
    signatures
        The file that holds the n scenes' signatures.
    costs
        In the file's order, shape (n,), float64.
    budget, objective, strategy, time_limit_s, gap, random_seed
        As in `app.services.seeding.SeedQuestion`.
    """

    signatures: Path
    costs: npt.NDArray[np.float64]
    budget: float
    objective: str
    strategy: str
    time_limit_s: float
    gap: float
    random_seed: int

    def run(self) -> SeedAnswer:
        """Answer the question in this process.

        Raises
        ------
        InvalidRequestError
            See `app.services.seeding.make_seed`.
        """
        signatures = _load(self.signatures)
        return make_seed(
            SeedQuestion(
                scene_ids=signatures.scene_ids,
                costs=self.costs,
                weights=signatures.weights,
                vectors=signatures.vectors,
                parts=signatures.parts,
                budget=self.budget,
                objective=self.objective,
                strategy=self.strategy,
                time_limit_s=self.time_limit_s,
                gap=self.gap,
                random_seed=self.random_seed,
            )
        )


@lru_cache(maxsize=_REMEMBERED)
def _load(path: Path) -> Signatures:
    """Signature files are named by their content and never change."""
    return Signatures.load(path)


def serve(connection: Connection) -> None:
    """Answer tasks one after the other until the other end is closed."""
    configure_logging("info")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the API; its end ends this
    while True:
        try:
            task: SolveTask = connection.recv()
        except EOFError:
            return
        connection.send(_answer(task))


def _answer(task: SolveTask) -> SeedAnswer | AppError:
    try:
        return task.run()
    except AppError as error:
        return error
    except Exception:  # noqa: BLE001  whatever it is, it must not end the process
        structlog.get_logger(__name__).exception("solve failed", signatures=task.signatures.name)
        detail = "The solver failed on this request; the server's log has the reason."
        return SolveCrashedError(detail)
