"""Pushes and syncs as jobs: done again after a crash, they change nothing that is done already."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import httpx2
import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import sessionmaker

from app.access.signatures import media_url
from app.datasets import scenes
from app.errors import AppError
from app.hooks.service import Hooks
from app.hooks.wire import HookKind, HookRequest
from app.labels import store as labels
from app.labels.service import Labels
from app.labels.wire import MOST_EVENTS, LabelEvent, LabelsReport, LabelsRequest, LabelState
from app.operations import store as operations
from app.operations.service import fail
from app.operations.translate import PUSH
from app.operations.wire import OperationStatus, PushReport, SyncReport
from app.platforms.connections import Connection, ProjectTarget, connection_named
from app.platforms.seam import Platform, batches, push
from app.pushes.service import SEED
from app.pushes.wire import PushRequest, SyncRequest
from app.seeds import store as seeds
from app.seeds.exporting import export_scene, exportable
from app.seeds.wire import Seed
from app.settings import Settings
from app.store.identifiers import now
from app.store.sessions import ProjectSession
from app.store.tables import OperationRow, SeedRow

_log: Final = structlog.get_logger(__name__)


class Exchange:
    """Carries out pushes and syncs.

    Parameters
    ----------
    settings
        Name the file of connections.
    sessions
        Makes transactions.
    transport
        Carries requests to platforms, in tests.
    """

    def __init__(
        self,
        settings: Settings,
        sessions: sessionmaker[ProjectSession],
        *,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self._settings = settings
        self._sessions = sessions
        self._transport = transport

    def run(self, operation_id: str) -> None:
        """Do what an operation asks for, or end it with the reason why not.

        Raises
        ------
        sqlalchemy.exc.DBAPIError
            The database failed: this is worth trying again.
        """
        try:
            self._run(operation_id)
        except DBAPIError:
            raise
        except AppError as error:
            fail(self._sessions, operation_id, error.detail)
        except Exception:  # noqa: BLE001  whatever it is, the operation must say that it ended
            _log.exception("exchange with a platform failed", operation_id=operation_id)
            reason = "Something unexpected ended it; the worker's log has the reason."
            fail(self._sessions, operation_id, reason)

    def _run(self, operation_id: str) -> None:
        with self._sessions.begin() as session:
            if not operations.start(session, operation_id):
                return
            row = operations.get(session, operation_id)
        report = self._push(row) if row.kind == PUSH else self._sync(row)
        with self._sessions.begin() as session:
            status = OperationStatus.SUCCEEDED
            content = report.model_dump(mode="json")
            operations.end(session, operation_id, status, report=content)

    def _bound(self, project: str) -> ProjectSession:
        session = self._sessions()
        session.bind_to(project)
        return session

    def _connection(self, row: OperationRow, name: str) -> Connection:
        return connection_named(self._settings.connections_file, name, row.project)

    def _push(self, row: OperationRow) -> PushReport:
        stored = dict(row.request or {})
        seed_id = str(stored.pop(SEED))
        request = PushRequest.model_validate(stored)
        connection = self._connection(row, request.connection)
        with self._bound(row.project) as session:
            answer = Seed.model_validate(seeds.get(session, SeedRow, seed_id).answer)
            pool = exportable(session, answer)
            signed = None
            if connection.signed_media:
                signed = media_url(session, self._settings, row.dataset_id)
            if connection.tells is not None and not request.dry_run:
                connection = self._listening(session, connection, row.dataset_id)
            target = self._target(session, row, connection, request)
            session.commit()
        seed = connection.rules().opened(pool, signed)
        with connection.open(replace(target, mode=request.mode)) as platform:
            report = push(platform, seed, dry_run=request.dry_run)
            if not request.dry_run:
                with self._bound(row.project) as session:
                    _queue(session, row.dataset_id, platform, report)
                    session.commit()
        return report

    def _target(
        self,
        session: ProjectSession,
        row: OperationRow,
        connection: Connection,
        request: PushRequest | SyncRequest,
    ) -> ProjectTarget:
        """Return what a request means, with what the ledger says of the project's tasks."""
        source = f"{connection.kind}:{connection.name}/{request.project or connection.project}"
        words = labels.words(session, row.dataset_id, source)
        return ProjectTarget(
            project=request.project,
            match=request.match,
            known={ref: word.scene_id for ref, word in words.items()},
            transport=self._transport,
        )

    def _listening(
        self, session: ProjectSession, connection: Connection, dataset_id: str
    ) -> Connection:
        """Return a connection whose projects tell a hook of the dataset, made where it is not."""
        hooks = Hooks(session, self._settings)
        hook = hooks.named(
            dataset_id, HookRequest(kind=HookKind(connection.kind), name=connection.name)
        )
        where = f"{str(connection.tells).rstrip('/')}/v1/hooks/{hook.id}"
        return connection.model_copy(update={"webhook": where, "webhook_secret": hook.secret})

    def _sync(self, row: OperationRow) -> SyncReport:
        request = SyncRequest.model_validate(row.request or {})
        connection = self._connection(row, request.connection)
        with self._bound(row.project) as session:
            pool = [export_scene(scene) for scene in scenes.every(session, row.dataset_id)]
            target = self._target(session, row, connection, request)
        asked_at = now()  # what comes into the ledger later is not known to be gone
        with connection.open(target) as platform:
            heard = platform.heard(pool, row.dataset_id)
        with self._bound(row.project) as session:
            said = {event.ref for event in heard.events}
            gone = [
                LabelEvent(
                    scene_id=known.scene_id,
                    state=LabelState.REMOVED,
                    source=heard.source,
                    ref=known.ref,
                    at=asked_at,
                )
                for known in labels.words(session, row.dataset_id, heard.source).values()
                if known.state is not LabelState.REMOVED
                and known.scene_id
                and known.ref not in said
                and known.at < asked_at
            ]
            reports = _record(session, row.dataset_id, [*heard.events, *gone])
            ledger = Labels(session).ledger(row.dataset_id)
            session.commit()
        accepted, duplicates = (
            sum(getattr(report, name) for report in reports) for name in ("accepted", "duplicates")
        )
        return SyncReport(
            platform=connection.kind,
            source=heard.source,
            accepted=accepted,
            duplicates=duplicates,
            removed=len(gone),
            ignored=heard.ignored,
            labelled_count=len(ledger.labelled),
            version=ledger.version,
        )


def _queue(
    session: ProjectSession, dataset_id: str, platform: Platform, report: PushReport
) -> None:
    """Write into the ledger that scenes are queued, where nothing is said of their tasks yet."""
    refs = {f"{platform.item}:{task}": name for name, task in report.tasks.items()}
    known = labels.under(session, dataset_id, refs)
    told = {row.ref for row in known if row.source == platform.source}
    events = [
        LabelEvent(scene_id=name, state=LabelState.QUEUED, source=platform.source, ref=ref)
        for ref, name in refs.items()
        if ref not in told
    ]
    _record(session, dataset_id, events)


def _record(
    session: ProjectSession, dataset_id: str, events: Sequence[LabelEvent]
) -> list[LabelsReport]:
    ledger = Labels(session)
    return [
        ledger.record(dataset_id, LabelsRequest(events=tuple(some)))
        for some in batches(events, MOST_EVENTS)
    ]
