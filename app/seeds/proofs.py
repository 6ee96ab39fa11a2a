"""The certificates of answers that were given, and the problems that they are about."""

from collections.abc import Sequence

from app.choosing.certificates import Claim, Proof
from app.choosing.tasks import CertificateTask, ProblemTask
from app.errors import NotFoundError
from app.processes.child import Cancellation
from app.processes.pool import SolvePool
from app.scenes.pools import RequestContext
from app.seeds import store
from app.seeds.proof_store import ProofStore
from app.seeds.questions import read_again
from app.seeds.wire import Frontier, FrontierPoint, Seed
from app.store.tables import FrontierRow, SeedRow


class Proofs:
    """Use cases on certificates.

    Parameters
    ----------
    context
        A transaction, which its opener commits. It is released while a certificate is made.
    pool
        Where certificates are made.
    kept
        Those that were made before.
    """

    def __init__(self, context: RequestContext, pool: SolvePool, kept: ProofStore) -> None:
        self._context = context
        self._pool = pool
        self._kept = kept

    def of_seed(self, seed_id: str, watch: Cancellation) -> Proof:
        """Return the certificate of a seed, which is made when it is asked for the first time.

        Raises
        ------
        NotFoundError
            There is no such seed.
        ConflictError
            Its dataset is not ready any more.
        BusyError, SolveCrashedError, SolveCancelledError
            See `app.processes.pool.SolvePool.answer`.
        """
        seed = self._seed(seed_id)
        return self._proof(seed, _claim_of_seed(seed), 0, watch)

    def of_point(self, frontier_id: str, place: int, watch: Cancellation) -> Proof:
        """Return the certificate of a point of a frontier, from 0.

        Raises
        ------
        NotFoundError
            There is no such frontier, or it has fewer points.
        ConflictError
            An earlier version answered it, or its dataset is not ready any more.
        BusyError, SolveCrashedError, SolveCancelledError
            See `app.processes.pool.SolvePool.answer`.
        """
        frontier = self._frontier(frontier_id)
        return self._proof(frontier, _claim_of_point(frontier, place), place, watch)

    def seed_problem(self, seed_id: str, watch: Cancellation) -> bytes:
        """Return the ``.npz`` that the certificate of a seed is about; raises as `of_seed`."""
        seed = self._seed(seed_id)
        return self._problem(seed, seed.budget.limit, watch)

    def point_problem(self, frontier_id: str, place: int, watch: Cancellation) -> bytes:
        """Return the ``.npz`` that the certificate of a point is about; raises as `of_point`."""
        frontier = self._frontier(frontier_id)
        return self._problem(frontier, _point(frontier, place).budget.limit, watch)

    def _seed(self, seed_id: str) -> Seed:
        return Seed.model_validate(store.get(self._context.session, SeedRow, seed_id).answer)

    def _frontier(self, frontier_id: str) -> Frontier:
        row = store.get(self._context.session, FrontierRow, frontier_id)
        return Frontier.model_validate(row.answer)

    def _proof(
        self, answer: Seed | Frontier, claim: Claim, place: int, watch: Cancellation
    ) -> Proof:
        known = self._kept.find(answer.id, place)
        if known is not None:
            return known
        task = CertificateTask(
            question=read_again(self._context, answer).task.question, claim=claim
        )
        self._context.session.commit()  # nothing is held while it is made
        with self._kept.alone(answer.id, place, watch):
            made = self._kept.find(answer.id, place)
            if made is None:
                made = self._pool.answer(task, watch)
                self._kept.keep(made, answer.id, place)
        return made

    def _problem(self, answer: Seed | Frontier, budget: float, watch: Cancellation) -> bytes:
        query = read_again(self._context, answer)
        task = ProblemTask(
            question=query.task.question,
            budget=budget,
            groups=query.pool.groups,
            resources=query.pool.resources,
        )
        self._context.session.commit()
        file: bytes = self._pool.answer(task, watch)
        return file


def _claim_of_seed(seed: Seed) -> Claim:
    return Claim(
        budget=seed.budget.limit,
        selected=tuple(scene.scene_id for scene in seed.scenes),
        upper_bound=float("inf") if seed.upper_bound is None else seed.upper_bound,
    )


def _claim_of_point(frontier: Frontier, place: int) -> Claim:
    point = _point(frontier, place)
    bound = point.upper_bound
    return Claim(
        budget=point.budget.limit,
        selected=_selected(frontier.points[: place + 1]),
        upper_bound=float("inf") if bound is None else bound,
    )


def _point(frontier: Frontier, place: int) -> FrontierPoint:
    """Return a point.

    Raises
    ------
    NotFoundError
        There are fewer.
    """
    if place >= len(frontier.points):
        raise NotFoundError(kind="point of this frontier", name=str(place))
    return frontier.points[place]


def _selected(points: Sequence[FrontierPoint]) -> tuple[str, ...]:
    """Return what the last of some points has: each says what is new and what is gone."""
    chosen: dict[str, None] = {}
    for point in points:
        for name in point.removed:
            del chosen[name]
        chosen |= dict.fromkeys(point.added)
    return tuple(chosen)
