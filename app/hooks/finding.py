"""Which scene a task of Label Studio is: it says so, the scene says so, or they show one file."""

import re
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.hooks.notices import SentTask
from app.labels import store as labels
from app.store.tables import SceneRow

PLATFORM: Final = "label_studio"
"""The key of scenes' external ids."""

_MOST: Final = 4
_UPLOADED: Final = re.compile(r"[0-9a-f]{8}-(.+)")
"""Label Studio puts so many random digits before the names of files that it is sent."""

_VALUES: Final = 10_000
"""Values of a task that are looked at."""


@dataclass(slots=True)
class _Keys:
    """Scenes by what others call them; None where two scenes are called so."""

    external: dict[str, str | None] = field(default_factory=dict)
    files: dict[str, str | None] = field(default_factory=dict)


class SceneKeys:
    """Remembers by what names scenes are known; those of a dataset never change once they are."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[str, _Keys] = OrderedDict()

    def of(self, session: Session, dataset_id: str) -> _Keys:
        """Return the names of a dataset's scenes."""
        with self._lock:
            if dataset_id in self._known:
                self._known.move_to_end(dataset_id)
                return self._known[dataset_id]
        keys = _Keys()
        query = select(SceneRow.scene_id, SceneRow.external_ids, SceneRow.images)
        count = 0
        for row in session.execute(query.where(SceneRow.dataset_id == dataset_id)):
            count += 1
            external = row.external_ids.get(PLATFORM)
            if external is not None:
                _add(keys.external, str(external), row.scene_id)
            for name in {file_name(image["uri"]) for image in row.images} - {""}:
                _add(keys.files, name, row.scene_id)
        with self._lock:
            if count:  # the scenes of a dataset that is not read yet are still to come
                self._known[dataset_id] = keys
            while len(self._known) > _MOST:
                self._known.popitem(last=False)
        return keys


class SceneFinder:
    """Finds the scenes of tasks in one dataset, within one transaction.

    Parameters
    ----------
    session
        The transaction.
    dataset_id
        Whose scenes.
    keys
        What is remembered of scenes.
    tasks
        All that will be asked about: whose scenes they name is looked up at once.
    """

    def __init__(
        self, session: Session, dataset_id: str, keys: SceneKeys, tasks: Iterable[SentTask]
    ) -> None:
        self._session = session
        self._dataset_id = dataset_id
        self._keys = keys
        named = {name for task in tasks for name in _named(task)}
        self._existing = labels.existing(session, dataset_id, named)

    def __call__(self, task: SentTask) -> str | None:
        """Return the id of a task's scene; None where it is none of the dataset."""
        if task.dataset_id not in {None, self._dataset_id}:
            return None
        for name in _named(task):
            if name in self._existing:
                return name
        keys = self._keys.of(self._session, self._dataset_id)
        external = keys.external.get(str(task.id))
        if external is not None:
            return external
        shown = {keys.files.get(name) for name in _files(task.data)} - {None}
        return shown.pop() if len(shown) == 1 else None


def file_name(address: str) -> str:
    """Return the name of the file that a path or an address leads to.

    Examples
    --------
    >>> file_name("s3://bucket/pool/room%201.jpg?X-Amz-Signature=0")
    'room 1.jpg'
    >>> file_name("/data/local-files/?d=pool/a/0.png")
    '0.png'
    """
    try:
        split = urlsplit(address)
    except ValueError:
        return ""
    if "://" not in address and not split.query:
        return PurePosixPath(address).name
    local = parse_qs(split.query).get("d", [""])[0] if "local-files" in split.path else ""
    return PurePosixPath(local or unquote(split.path)).name


def _add(known: dict[str, str | None], name: str, scene_id: str) -> None:
    known[name] = scene_id if known.setdefault(name, scene_id) == scene_id else None


def _named(task: SentTask) -> tuple[str, ...]:
    """Return the scene that a task says it is."""
    name = task.data.get("scene_id")
    if isinstance(name, bool) or not isinstance(name, str | int):
        return ()
    return (str(name),) if _is_storable(str(name)) else ()


def _is_storable(name: str) -> bool:
    """Tell whether a name is one that a database may be asked for."""
    try:
        return b"\0" not in name.encode() and name != ""
    except UnicodeEncodeError:
        return False


def _files(data: object) -> set[str]:
    """Return the names of the files that a task may show."""
    names = {file_name(text) for text in _texts(data)}
    uploads = {found[1] for name in names if (found := _UPLOADED.fullmatch(name))}
    return names | uploads


def _texts(data: object) -> Iterator[str]:
    left: list[Any] = [data]
    for _ in range(_VALUES):
        if not left:
            return
        value = left.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            left += value.values()
        elif isinstance(value, list):
            left += value
