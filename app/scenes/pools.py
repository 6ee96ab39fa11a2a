"""Datasets that answer questions: what can be chosen in them, and where their signatures lie.

What can be chosen is kept in memory: it never changes once the dataset is ready.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from sqlalchemy.orm import Session

from app.choosing.constraints import UsablePool
from app.datasets import scenes
from app.datasets import store as datasets
from app.errors import ConflictError, UnavailableError
from app.settings import Settings
from app.store.artifacts import Artifacts
from app.store.tables import DatasetRow
from app.wire import DatasetStatus
from features.index import index_path
from features.pseudo_tasks import tasks_path

_SCENES: Final = 2_000_000
"""Scenes of all pools together that are kept in memory."""


class Pools:
    """The pools that were asked about last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[str, UsablePool] = OrderedDict()

    def of(self, session: Session, dataset_id: str, resources: list[str]) -> UsablePool:
        """Return the pool of a dataset that is ready."""
        with self._lock:
            if dataset_id in self._known:
                self._known.move_to_end(dataset_id)
                return self._known[dataset_id]
        usable = scenes.usable(session, dataset_id)
        pool = UsablePool(
            tuple(scene.scene_id for scene in usable),
            {
                name: np.array([scene.costs[name] for scene in usable], dtype=np.float64)
                for name in resources
            },
            tuple(scene.group for scene in usable),
        )
        with self._lock:
            self._known[dataset_id] = pool
            while len(self._known) > 1 and sum(p.n for p in self._known.values()) > _SCENES:
                self._known.popitem(last=False)
        return pool


@dataclass(frozen=True, slots=True)
class RequestContext:
    """What every question needs.

    Parameters
    ----------
    session
        The transaction in which it is asked.
    settings
        Say where signatures lie and how long a solve may take.
    pools
        What can be chosen.
    """

    session: Session
    settings: Settings
    pools: Pools


def ready(session: Session, dataset_id: str) -> DatasetRow:
    """Return a dataset that answers questions.

    Raises
    ------
    NotFoundError
        There is no such dataset.
    ConflictError
        It is not ready.
    """
    dataset = datasets.get(session, dataset_id)
    if dataset.status != DatasetStatus.READY:
        rule = f"Dataset {dataset_id!r} is {dataset.status}; budgets need one that is ready."
        if dataset.error is not None:
            rule += f" The reason: {dataset.error}"
        raise ConflictError(rule)
    return dataset


def signatures_of(settings: Settings, dataset: DatasetRow) -> Path:
    """Return the file of a dataset's signatures; fetched, with the index, where it is not here.

    Raises
    ------
    UnavailableError
        They are not here, and the store of artifacts does not answer or has them not.
    """
    path: Path = settings.signatures_dir / f"{dataset.signatures_key}.npz"
    artifacts = Artifacts(settings.data_dir, settings.artifacts_url)
    for beside in (index_path(path), tasks_path(path)):
        artifacts.fetch(beside)  # datasets of an earlier version have none
    if not artifacts.fetch(path).exists():
        detail = (
            f"The signatures of dataset {dataset.id!r} are not where this host looks for them; "
            "register its source again, and a worker makes them again."
        )
        raise UnavailableError(detail)
    return path
