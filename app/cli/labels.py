"""``seedal labels``: the ledger of a dataset, as its operator reads and writes it."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from app.cli.terminal import answer, answer_json, say
from app.errors import InvalidRequestError
from app.labels.service import Labels
from app.labels.wire import MOST_EVENTS, LabelEvent, LabelsRequest, LabelState
from app.platforms.seam import batches
from app.settings import Settings
from app.store.engine import open_engine
from app.store.schema import upgrade
from app.store.sessions import open_sessions

_PAGE: Final = 1000
_STDIN: Final = Path("-")
_EVENTS: Final = TypeAdapter(tuple[LabelEvent, ...])


@contextmanager
def _ledger(settings: Settings) -> Iterator[Labels]:
    engine = open_engine(settings.database(), pool_size=1)
    try:
        upgrade(engine)
        with open_sessions(engine).begin() as session:
            yield Labels(session)
    finally:
        engine.dispose()


def add(settings: Settings, dataset_id: str, events: Path, *, as_json: bool) -> None:
    """Write events of a file into the ledger.

    Raises
    ------
    NotFoundError
        There is no such dataset.
    InvalidRequestError
        The file cannot be read, or an event breaks a rule; names the file.
    """
    _record(settings, dataset_id, _read(events), as_json=as_json)


def remove(settings: Settings, dataset_id: str, names: Sequence[str], *, as_json: bool) -> None:
    """Take back what was said of scenes without a reference, as by ``labels add``.

    Raises
    ------
    NotFoundError
        There is no such dataset.
    """
    events = tuple(LabelEvent(scene_id=name, state=LabelState.REMOVED) for name in names)
    _record(settings, dataset_id, events, as_json=as_json)


def _record(
    settings: Settings, dataset_id: str, events: Sequence[LabelEvent], *, as_json: bool
) -> None:
    """Write events into the ledger and print what became of them."""
    with _ledger(settings) as labels:
        reports = [
            labels.record(dataset_id, LabelsRequest(events=tuple(some)))
            for some in batches(events, MOST_EVENTS)
        ]
    last = reports[-1]
    accepted = sum(report.accepted for report in reports)
    duplicates = sum(report.duplicates for report in reports)
    unknown = {name for report in reports for name in report.unknown}
    if as_json:
        sums = {"accepted": accepted, "duplicates": duplicates, "unknown": sorted(unknown)}
        answer_json(last.model_dump(mode="json") | sums)
        return
    answer(f"{accepted} accepted, {duplicates} known already, {last.labelled_count} labelled")
    if unknown:
        say(f"{len(unknown)} scenes are not in the dataset, {min(unknown)!r} for one")


def show(settings: Settings, dataset_id: str, state: LabelState | None, *, as_json: bool) -> None:
    """Print the scenes of which something is said.

    Raises
    ------
    NotFoundError
        There is no such dataset.
    """
    items: list[dict[str, Any]] = []
    token: str | None = None
    with _ledger(settings) as labels:
        while token != "":
            page = labels.page(dataset_id, state, _PAGE, token)
            items += [item.model_dump(mode="json") for item in page.items]
            token = page.next_page_token
    if as_json:
        answer_json(items)
        return
    for item in items:
        answer(f"{item['state']:8}  {item['scene_id']}")
    if not items:
        say("nothing is said of any scene")


def _read(path: Path) -> tuple[LabelEvent, ...]:
    """Return the events of a JSON array, or of JSON Lines."""
    try:
        text = sys.stdin.read() if path == _STDIN else path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        rule = f"{path} cannot be read ({error})."
        raise InvalidRequestError(rule) from error
    try:
        content = (
            json.loads(text)
            if text.lstrip().startswith("[")
            else [json.loads(line) for line in text.splitlines() if line.strip()]
        )
        events = _EVENTS.validate_python(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = "/".join(map(str, first["loc"]))
        rule = f"{path}: event {place}: {first['msg']}."
        raise InvalidRequestError(rule) from error
    except ValueError as error:
        rule = f"{path} is neither a JSON array nor JSON Lines of events ({error})."
        raise InvalidRequestError(rule) from error
    if not events:
        rule = f"{path} has no events."
        raise InvalidRequestError(rule)
    return events
