"""What can be chosen in a dataset, kept in memory: it never changes once the dataset is ready."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
from sqlalchemy.orm import Session

from app.scenes import store as scenes

_SCENES: Final = 2_000_000
"""Scenes of all pools together that are kept in memory."""


@dataclass(frozen=True, eq=False)
class UsablePool:
    """The scenes of a dataset that can be chosen, in the order of its signatures.

    Parameters
    ----------
    ids
        The n scenes.
    resources
        Costs by resource, each of shape (n,).
    group_names
        The group of each.
    """

    ids: tuple[str, ...]
    resources: dict[str, npt.NDArray[np.float64]]
    group_names: tuple[str | None, ...]

    @property
    def n(self) -> int:
        """How many scenes there are."""
        return len(self.ids)

    @cached_property
    def places(self) -> dict[str, int]:
        """The place of each scene."""
        return {name: place for place, name in enumerate(self.ids)}

    @cached_property
    def groups(self) -> dict[str, npt.NDArray[np.int64]]:
        """The places of each group's scenes."""
        members: dict[str, list[int]] = {}
        for place, name in enumerate(self.group_names):
            if name is not None:
                members.setdefault(name, []).append(place)
        return {name: np.array(places, dtype=np.int64) for name, places in members.items()}

    def group_of(self, scene_id: str) -> str | None:
        """Return the group of a scene."""
        return self.group_names[self.places[scene_id]]


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
