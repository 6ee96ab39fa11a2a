"""Hear what platforms say of scenes, and tell how far a dataset is labelled."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from app.datasets import store as datasets
from app.errors import InvalidRequestError
from app.labels import store
from app.labels.wire import (
    LabelEvent,
    LabelledScene,
    LabelPage,
    LabelsReport,
    LabelsRequest,
    LabelState,
    LabelSummary,
)
from app.store import paging
from app.store.identifiers import now
from app.store.tables import LabelRow

_AHEAD: Final = timedelta(days=1)
"""How far clocks may be ahead: a later event would silence what really comes after it."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """The scenes of a dataset by what is said of them.

    Parameters
    ----------
    labelled, queued
        Their ids, in the source's order.
    version
        Of the ledger.
    """

    labelled: tuple[str, ...]
    queued: tuple[str, ...]
    version: int


@dataclass(frozen=True, slots=True)
class Written:
    """What became of events.

    Parameters
    ----------
    accepted, duplicates
        How many said something new, and how many did not or came late.
    unknown
        Ids that no scene of the dataset has.
    """

    accepted: int
    duplicates: int
    unknown: tuple[str, ...]


class Labels:
    """Use cases on labels, within one transaction.

    Parameters
    ----------
    session
        The transaction; its opener commits.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def record(self, dataset_id: str, request: LabelsRequest) -> LabelsReport:
        """Write down what happened; late and repeated events change nothing.

        Raises
        ------
        NotFoundError
            There is no such dataset.
        InvalidRequestError
            An event is of the future.
        """
        heard = self.write(dataset_id, request.events)
        summary = self._summary(dataset_id)
        return LabelsReport(
            **summary.model_dump(),
            accepted=heard.accepted,
            duplicates=heard.duplicates,
            unknown=heard.unknown,
        )

    def write(self, dataset_id: str, events: Sequence[LabelEvent]) -> Written:
        """Write down what happened, and tell only what became of it; see `record`."""
        datasets.get(self._session, dataset_id)
        moment = now()
        for place, event in enumerate(events):
            if event.at is not None and event.at > moment + _AHEAD:
                rule = (
                    f"{event.at.isoformat()} is in the future, and would silence what comes before."
                )
                raise InvalidRequestError(rule, f"#/events/{place}/at")
        store.hold(self._session, dataset_id)
        names = {event.scene_id for event in events}
        existing = store.existing(self._session, dataset_id, names)
        known = {
            (row.source, row.ref): row
            for row in store.under(self._session, dataset_id, {*map(_ref, events)})
        }
        accepted = 0
        heard = [event for event in events if event.scene_id in existing]
        for event in sorted(heard, key=lambda event: event.at or moment):
            key = (event.source, _ref(event))
            row = known.get(key)
            if row is None:
                row = known[key] = LabelRow(
                    dataset_id=dataset_id, source=key[0], ref=key[1], scene_id="", state="",
                    at=event.at or moment,
                )  # fmt: skip
                self._session.add(row)
            elif (event.at or moment) < row.at:
                continue
            accepted += _tell(row, event, event.at or moment)
        store.grow(self._session, dataset_id, accepted)
        self._session.flush()
        self._session.expire_all()
        return Written(accepted, len(heard) - accepted, tuple(sorted(names - existing)))

    def silence(self, dataset_id: str, source: str, refs: Mapping[str, datetime]) -> None:
        """Let nothing count that a source says later of something that is gone.

        What is deleted before anybody heard of it has no scene to be removed from. Its references
        are kept without one, so that no late event brings it back.

        Parameters
        ----------
        dataset_id, source
            Whose ledger, and who says it.
        refs
            What is gone, and since when; what is said under it of later moments counts.
        """
        store.hold(self._session, dataset_id)
        known = {
            row.ref: row
            for row in store.under(self._session, dataset_id, refs)
            if row.source == source
        }
        for ref, at in refs.items():
            row = known.get(ref)
            if row is None:
                row = LabelRow(dataset_id=dataset_id, source=source, ref=ref, scene_id="", at=at)
                self._session.add(row)
            elif row.scene_id or row.at >= at:
                continue
            row.state, row.at, row.spent = LabelState.REMOVED.value, at, None
        self._session.flush()

    def page(
        self,
        dataset_id: str,
        state: LabelState | None,
        page_size: int | None,
        page_token: str | None,
    ) -> LabelPage:
        """Return a page of the scenes of which something is said.

        Raises
        ------
        NotFoundError
            There is no such dataset.
        InvalidRequestError
            The size is negative or the token was not given out for this listing.
        """
        datasets.get(self._session, dataset_id)
        listing = f"labels of {dataset_id} {state or ''}"
        size = paging.clamp(page_size)
        after = paging.decode_number(listing, page_token) if page_token else -1
        rows = store.said(self._session, dataset_id, state, after=after, size=size + 1)
        more, rows = len(rows) > size, rows[:size]
        spent: dict[str, list[Mapping[str, float]]] = defaultdict(list)
        for name, took in store.spent(self._session, dataset_id, [row.scene_id for row in rows]):
            spent[name].append(took)
        return LabelPage(
            **self._summary(dataset_id).model_dump(),
            items=tuple(
                LabelledScene(
                    scene_id=row.scene_id,
                    state=row.state,
                    at=row.at,
                    spent=_added(spent[row.scene_id]),
                    refs=row.refs,
                )
                for row in rows
            ),
            next_page_token=paging.encode(listing, rows[-1].position) if more else "",
        )

    def ledger(self, dataset_id: str) -> Ledger:
        """Return the scenes of a dataset by what is said of them.

        Raises
        ------
        NotFoundError
            There is no such dataset.
        """
        version = datasets.get(self._session, dataset_id).labels_version
        labelled, queued = (
            tuple(row.scene_id for row in store.said(self._session, dataset_id, state))
            for state in (LabelState.LABELLED, LabelState.QUEUED)
        )
        return Ledger(labelled, queued, version)

    def _summary(self, dataset_id: str) -> LabelSummary:
        ledger = self.ledger(dataset_id)
        took = (took for _, took in store.spent(self._session, dataset_id))
        return LabelSummary(
            labelled_count=len(ledger.labelled),
            labelled_cost=_added(store.costs(self._session, dataset_id, ledger.labelled)),
            spent=_added(took),
            version=ledger.version,
        )


def _ref(event: LabelEvent) -> str:
    return event.ref or f"scene:{event.scene_id}"


def _tell(row: LabelRow, event: LabelEvent, moment: datetime) -> bool:
    """Let a row say what an event does; tell whether that is anything new."""
    spent = dict(event.spent) or None
    is_new = (row.scene_id, row.state, row.spent) != (event.scene_id, event.state.value, spent)
    row.scene_id, row.state, row.spent, row.at = event.scene_id, event.state.value, spent, moment
    return is_new


def _added(parts: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Return sums by name."""
    found: dict[str, list[float]] = defaultdict(list)
    for part in parts:
        for name, amount in part.items():
            found[name].append(amount)
    return {name: math.fsum(amounts) for name, amounts in sorted(found.items())}
