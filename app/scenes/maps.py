"""Show a dataset's scenes as points in a plane."""

import numpy as np
import numpy.typing as npt

from app.choosing.projection import Projection
from app.choosing.tasks import MapTask
from app.processes.child import Cancellation
from app.processes.pool import SolvePool
from app.scenes.pools import RequestContext, ready, signatures_of
from app.scenes.wire import MapMethod, SceneMap


class MapService:
    """Use cases on maps of datasets.

    Parameters
    ----------
    context
        A transaction; it is let go of while the map is drawn.
    pool
        Where maps are drawn.
    """

    def __init__(self, context: RequestContext, pool: SolvePool) -> None:
        self._context = context
        self._pool = pool

    def draw(self, dataset_id: str, method: MapMethod, watch: Cancellation) -> SceneMap:
        """Return the map of a dataset; it never changes.

        Raises
        ------
        NotFoundError
            There is no such dataset.
        ConflictError
            It is not ready.
        InvalidRequestError
            The method needs a package that is not installed.
        BusyError, SolveCrashedError, SolveCancelledError
            See `app.processes.pool.SolvePool.answer`.
        """
        session, settings = self._context.session, self._context.settings
        dataset = ready(session, dataset_id)
        resource = str(dataset.resource)
        scenes = self._context.pools.of(session, dataset_id, dataset.resources)
        task = MapTask(signatures=signatures_of(settings, dataset), method=method)
        session.commit()  # nothing is held while the map is drawn
        found: Projection = self._pool.answer(task, watch)
        places = {name: place for place, name in enumerate(scenes.groups)}
        return SceneMap(
            dataset_id=dataset_id,
            method=method,
            explained=found.explained,
            resource=resource,
            scene_ids=scenes.ids,
            x=_short(found.points[:, 0]),
            y=_short(found.points[:, 1]),
            costs=tuple(scenes.resources[resource].tolist()),
            groups=tuple(places),
            group_of=tuple(None if name is None else places[name] for name in scenes.group_names),
        )


def _short(numbers: npt.NDArray[np.float64]) -> tuple[float, ...]:
    """Return numbers in five significant digits, and never -0."""
    return tuple(float(f"{number:.5g}") + 0.0 for number in numbers.tolist())
