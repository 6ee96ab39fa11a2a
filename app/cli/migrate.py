"""``seedal migrate``: the database as this version needs it, before anybody serves."""

from app.cli.flags import DataDir, settings_of
from app.cli.terminal import say
from app.store.engine import open_engine
from app.store.schema import upgrade


def migrate(data_dir: DataDir = None) -> None:
    """Bring the database up to this version; whoever else does so meanwhile is waited for.

    API processes and workers do the same when they start. Run alone, it shows whether it works
    before the old ones are replaced.
    """
    engine = open_engine(settings_of(data_dir=data_dir).database(), pool_size=1)
    try:
        upgrade(engine)
    finally:
        engine.dispose()
    say("the database is up to date")
