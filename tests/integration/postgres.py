"""A real PostgreSQL for tests: its own folder, a unix socket, gone afterwards."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text


def _program(name: str) -> str | None:
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(debian[-1]) if debian else shutil.which(name)


class Postgres:
    """A server that can be stopped hard and started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._user = "postgres" if os.geteuid() == 0 else None  # it refuses to run as root
        self._databases = 0

    def url(self, database: str) -> str:
        """Return the address of one of its databases."""
        return f"postgresql://postgres@/{database}?host={self._folder}"

    def new_database(self) -> str:
        """Create an empty database and return its URL."""
        self._databases += 1
        name = f"test_{self._databases}"
        admin = self.url("postgres").replace("postgresql:", "postgresql+psycopg:")
        engine = create_engine(admin, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        engine.dispose()
        return self.url(name)

    def dump(self, url: str) -> str:
        """Return a database as SQL, without settings of a particular server's version."""
        text = self._run("pg_dump", "--inserts", "--no-owner", "--no-privileges", url)
        kept = (line for line in text.splitlines() if not line.startswith(("SET ", "\\")))
        return "\n".join(line for line in kept if line and not line.startswith("--")) + "\n"

    def load(self, url: str, dump: str) -> None:
        """Run SQL in an empty database."""
        with tempfile.NamedTemporaryFile("w", dir=self._folder, suffix=".sql") as file:
            file.write(dump)
            file.flush()
            Path(file.name).chmod(0o644)
            self._run("psql", "-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-f", file.name)

    def create(self) -> None:
        """Make the server's files."""
        self._run("initdb", "-D", self._data, "-U", "postgres", "-A", "trust", "--no-sync")

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = f"-k {self._folder} -c listen_addresses= -c fsync=off -c max_connections=60"
        self._run(
            "pg_ctl", "-D", self._data, "-w", "-l", f"{self._data}.log", "-o", options, "start"
        )

    def stop(self) -> None:
        """Stop the server without any farewell to its clients."""
        self._run("pg_ctl", "-D", self._data, "-w", "-m", "immediate", "stop")

    @property
    def _data(self) -> str:
        return str(self._folder / "data")

    def _run(self, name: str, *arguments: str) -> str:
        program = _program(name)
        assert program is not None
        with tempfile.TemporaryFile() as output:  # not a pipe: a server that is started keeps it
            subprocess.run(
                [program, *arguments],
                check=True,
                user=self._user,
                cwd=self._folder,
                stdout=output,
                stderr=subprocess.DEVNULL,
            )
            output.seek(0)
            return output.read().decode()


def installed() -> bool:
    """Tell whether a server can be started here."""
    return _program("initdb") is not None and _program("pg_ctl") is not None


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Run a server within the context."""
    folder = Path(tempfile.mkdtemp(prefix="pg-"))  # short: a socket's path has at most 107 bytes
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres")
        server = Postgres(folder)
        server.create()
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)
