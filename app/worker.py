"""The worker process: jobs come from the database; torch and FAISS live here alone.

``python -m app.worker`` is a worker that also ends when its standard input closes: the form that
`app.jobs.embedded` starts.
"""

import os
import signal
import sys
import threading
from typing import BinaryIO

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.callbacks.webhooks import WebhookDelivery
from app.hooks.reading import HookReader
from app.jobs.engine import JobEngine
from app.jobs.heartbeat import Heartbeat
from app.jobs.slots import SlotLostError, open_slots
from app.jobs.upkeep import INTERVAL_S, Retention, Upkeep
from app.observability import configure_logging
from app.settings import Settings
from app.store.engine import open_engine
from app.store.schema import upgrade
from app.store.sessions import open_sessions

_LAST_CALL_S = 5.0
"""How long a callback in hand may take to end; after that another worker makes it again."""

_log = structlog.get_logger("app.worker")


def run(settings: Settings, *, until_closed: BinaryIO | None = None) -> None:
    """Run jobs until the process is told to stop, then end it.

    A job in hand is not waited for: all its finished groups are kept, and the next worker goes on
    from there.

    Parameters
    ----------
    settings
        See `Settings`.
    until_closed
        A stream whose end tells the process to stop, too.

    Raises
    ------
    SettingsError
        The data directory cannot be written to.
    """
    settings.require_data_dir()
    configure_logging(settings.log_level)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if until_closed is not None:
        threading.Thread(target=_watch, args=(until_closed, stop), daemon=True).start()
    status = work(settings, stop)
    sys.stderr.flush()
    os._exit(status)  # the thread that computes cannot be interrupted, and need not be


def work(settings: Settings, stop: threading.Event) -> int:
    """Run jobs until told to stop.

    Parameters
    ----------
    settings
        See `Settings`.
    stop
        Set when it is time to end.

    Returns
    -------
    int
        0, or 1 where another worker took this one's slot.
    """
    engine = open_engine(settings.database())
    upgrade(engine)
    slots = open_slots(settings.database(), settings.locks_dir)
    jobs = JobEngine(engine, settings, slots.claim())
    sessions = open_sessions(engine)
    upkeep = Upkeep(jobs, slots, sessions)
    retention = Retention(settings, sessions, jobs)
    webhooks = threading.Thread(
        target=WebhookDelivery(settings, sessions).run, args=(stop,), name="webhooks", daemon=True
    )
    webhooks.start()
    hooks = threading.Thread(
        target=HookReader(sessions).run, args=(stop,), name="hooks", daemon=True
    )
    hooks.start()
    settings.locks_dir.mkdir(parents=True, exist_ok=True)
    heartbeat = Heartbeat(settings.locks_dir)
    heartbeat.beat()
    _log.info("worker ready", slot=jobs.executor_id)
    try:
        while not stop.wait(INTERVAL_S):
            try:
                upkeep.round()
                retention.round()
            except SQLAlchemyError as error:
                _log.warning("the database does not answer", error=str(error))
            heartbeat.beat()  # a database that is away does not make this worker ill
    except SlotLostError as error:
        _log.critical("worker ends", reason=str(error))
        return 1
    else:
        return 0
    finally:
        stop.set()
        webhooks.join(_LAST_CALL_S)
        hooks.join(_LAST_CALL_S)
        jobs.close()
        slots.release()
        heartbeat.end()
        engine.dispose()


def _watch(stream: BinaryIO, stop: threading.Event) -> None:
    stream.read()
    stop.set()


if __name__ == "__main__":
    run(Settings(), until_closed=sys.stdin.buffer)
