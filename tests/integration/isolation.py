"""Who may do what with whose things: every operation of the document, tried with every kind of key.

``make isolation`` prints what was tried, and what came back, as a table.
An operation that the document has and `RECIPES` has not is an error: no new route is forgotten.
"""

import io
import re
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
from fastapi.testclient import TestClient
from PIL import Image
from sqlalchemy import select, update

from app.access.service import SCOPES, Keys
from app.datasets.extraction import ExtractionJob, ExtractionOutcome
from app.hooks.reading import HookReader
from app.main import create_app
from app.settings import Settings
from app.store.identifiers import now
from app.store.sessions import owned
from app.store.tables import KeyRow

OURS, THEIRS = "ours", "theirs"
ALL: Final = "all scopes"
STRANGERS: Final = ("no key", "a wrong key", "a revoked key", "an expired key")
CALLERS: Final = (*STRANGERS, *SCOPES, ALL)
"""The columns of the matrix: who calls. All but the strangers have keys of the project `OURS`."""

_IDS: Final = re.compile(r"\{(\w+)\}")
_SCENES: Final = 4
_WATCHED: Final = ("livez", "readyz", "metrics")
CAPABILITIES: Final = frozenset(
    {
        "POST /v1/hooks/{hook}",
        "GET /v1/hooks/{hook}/label-studio/health",
        "POST /v1/hooks/{hook}/label-studio/setup",
        "POST /v1/hooks/{hook}/label-studio/predict",
        "GET /v1/hooks/{hook}/label-studio/versions",
        "POST /v1/hooks/{hook}/label-studio/webhook",
        "GET /v1/media/{signature}",
    }
)
"""Operations whose address is a key: who has it may do this one thing, with a key or without."""


@dataclass(frozen=True)
class Call:
    """What is sent beside method and path.

    Parameters
    ----------
    ids
        Parameters of the path; what is not here is the thing's own.
    sent
        Further arguments of the client.
    """

    ids: dict[str, str] = field(default_factory=dict)
    sent: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Recipe:
    """How an operation is called so that who may do it succeeds.

    Parameters
    ----------
    make
        Returns the call, given whose things it is about; makes a thing of its own where the call
        uses it up.
    scopes
        The scopes that this very call needs; those of the document where not given.
    """

    make: Callable[["Things"], Call] = lambda _: Call()
    scopes: frozenset[str] | None = None


@dataclass
class Things:
    """One of everything that a project has.

    Parameters
    ----------
    world
        Where.
    key
        Good for all scopes of the project.
    ids
        Of the path's parameters.
    """

    world: "World"
    key: str
    ids: dict[str, str] = field(default_factory=dict)

    def fill(self) -> None:
        """Make a dataset that is ready, a seed, a frontier; their operation is the extraction."""
        picture, cloud = self.world.folder / "0.png", self.world.folder / "points.xyz"
        scenes = [
            {
                "scene_id": f"s/{k}",
                "cost": 1 + k,
                "images": [str(self.world.folder / f"{k}.png")],
                "pointcloud": str(cloud),
            }
            for k in range(_SCENES)
        ]
        assert picture.exists()
        made = self.register(scenes, backbone="colour_grid")
        assert self.world.extract(made) is ExtractionOutcome.DONE
        path = f"/v1/datasets/{made['dataset']['id']}"
        seed = self.post(f"{path}/seeds", json={"budget": {"fraction": 0.7}})
        frontier = self.post(f"{path}/frontiers", json={"budgets": [{"fraction": 0.5}]})
        hook = self.post(f"{path}/hooks", json={"kind": "label_studio"})
        self.ids = {
            "dataset_id": made["dataset"]["id"],
            "operation_id": made["operation"]["id"],
            "scene_id": "s%2F0",
            "seed_id": seed["id"],
            "frontier_id": frontier["id"],
            "hook": hook["id"],
            "place": "0",
            "chosen": seed["scenes"][0]["scene_id"],
        }

    def register(self, scenes: list[dict[str, Any]], backbone: str) -> dict[str, Any]:
        """Register a dataset of its own."""
        source = {"kind": "inline", "scenes": scenes}
        body = {"name": "x", "source": source, "features": {"backbone": backbone}}
        return self.post("/v1/datasets", json=body)

    def post(self, path: str, **sent: Any) -> dict[str, Any]:  # noqa: ANN401 what the client takes
        """Send a request of this project, which succeeds."""
        answer = self.world.client.post(path, headers=_bearer(self.key), **sent)
        assert answer.is_success, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def doomed(self) -> Call:
        """Return a call about a dataset, and an operation, that may be used up."""
        made = self.register([{"scene_id": "s", "cost": 1}], backbone="colour_grid")
        return Call({"dataset_id": made["dataset"]["id"], "operation_id": made["operation"]["id"]})

    def unhooked(self) -> Call:
        """Return a call about a hook that may be used up."""
        path = f"/v1/datasets/{self.ids['dataset_id']}/hooks"
        return Call({"hook": self.post(path, json={"kind": "cvat"})["id"]})

    def awaiting(self) -> Call:
        """Return an upload of vectors to a dataset that waits for them."""
        made = self.register([{"scene_id": "s", "cost": 1}], backbone="precomputed")
        stream = io.BytesIO()
        np.savez(stream, scene_ids=np.array(["s"]), vectors=np.ones((1, 3), np.float32))
        headers = {"Content-Type": "application/x-npz"}
        ids = {"dataset_id": made["dataset"]["id"]}
        return Call(ids, {"content": stream.getvalue(), "headers": headers})


def _hint() -> bytes:
    """Return an archive of one labelled image."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, mode in (("images/a.png", "RGB"), ("labels/a.png", "L")):
            picture = io.BytesIO()
            image = Image.new(mode, (2, 1))
            image.putpixel((0, 0), 1 if mode == "L" else (1, 1, 1))
            image.save(picture, "PNG")
            archive.writestr(name, picture.getvalue())
    return stream.getvalue()


_CONNECTIONS: Final = """
[connections.main]
kind = "label_studio"
url = "http://label-studio.example"
token_file = "/dev/null"
"""
_LINE: Final = b'{"scene_id": "s", "cost": 1}'
_INLINE: Final = {"kind": "inline", "scenes": [{"scene_id": "s", "cost": 1}]}


def _of(**sent: Any) -> Recipe:  # noqa: ANN401 what the client takes
    return Recipe(lambda _: Call(sent=sent))


RECIPES: Final[dict[str, Recipe]] = {
    "GET /v1/objectives": Recipe(),
    "GET /v1/datasets": Recipe(),
    "POST /v1/datasets": _of(json={"name": "x", "source": _INLINE}),
    "POST /v1/datasets:validate": _of(json={"source": _INLINE}),
    "POST /v1/manifests": _of(content=_LINE, headers={"Content-Type": "application/octet-stream"}),
    "POST /v1/hints": _of(content=_hint(), headers={"Content-Type": "application/zip"}),
    "GET /v1/datasets/{dataset_id}": Recipe(),
    "DELETE /v1/datasets/{dataset_id}": Recipe(Things.doomed),
    "PUT /v1/datasets/{dataset_id}/vectors": Recipe(Things.awaiting),
    "GET /v1/datasets/{dataset_id}/labels": Recipe(),
    "POST /v1/datasets/{dataset_id}/labels": _of(
        json={"events": [{"scene_id": "a", "state": "labelled"}]}
    ),
    "GET /v1/datasets/{dataset_id}/hooks": Recipe(),
    "POST /v1/datasets/{dataset_id}/hooks": _of(json={"kind": "cvat"}),
    "GET /v1/datasets/{dataset_id}/hooks/{hook}": Recipe(),
    "DELETE /v1/datasets/{dataset_id}/hooks/{hook}": Recipe(Things.unhooked),
    "POST /v1/datasets/{dataset_id}/syncs": _of(json={"connection": "main"}),
    "POST /v1/seeds/{seed_id}/pushes": _of(json={"connection": "main"}),
    "GET /v1/connections": Recipe(),
    "GET /v1/datasets/{dataset_id}/map": Recipe(),
    "GET /v1/datasets/{dataset_id}/duplicates": Recipe(),
    "GET /v1/datasets/{dataset_id}/scenes": Recipe(),
    "GET /v1/datasets/{dataset_id}/scenes/{scene_id}": Recipe(),
    "GET /v1/datasets/{dataset_id}/scenes/{scene_id}/thumbnail": Recipe(),
    "GET /v1/datasets/{dataset_id}/scenes/{scene_id}/pointcloud": Recipe(),
    "GET /v1/datasets/{dataset_id}/scenes/{scene_id}/neighbors": Recipe(),
    "GET /v1/datasets/{dataset_id}/seeds": Recipe(),
    "POST /v1/datasets/{dataset_id}/seeds": _of(json={"budget": {"fraction": 0.7}}),
    "POST /v1/datasets/{dataset_id}/frontiers": _of(json={"budgets": [{"fraction": 0.5}]}),
    "GET /v1/seeds/{seed_id}": Recipe(),
    "GET /v1/seeds/{seed_id}/export": Recipe(),
    "GET /v1/seeds/{seed_id}/represented": Recipe(
        lambda things: Call(sent={"params": {"scene_id": things.ids["chosen"]}})
    ),
    "GET /v1/seeds/{seed_id}/certificate": Recipe(),
    "GET /v1/seeds/{seed_id}/problem": Recipe(),
    "GET /v1/frontiers/{frontier_id}": Recipe(),
    "GET /v1/frontiers/{frontier_id}/points/{place}/certificate": Recipe(),
    "GET /v1/frontiers/{frontier_id}/points/{place}/problem": Recipe(),
    "GET /v1/operations/{operation_id}": Recipe(),
    "GET /v1/operations/{operation_id}/events": Recipe(),
    # An extraction: who may only solve may not end it, see `tests/api/test_keys_api.py` for solves.
    "POST /v1/operations/{operation_id}:cancel": Recipe(
        Things.doomed, frozenset({"datasets:write"})
    ),
}


@dataclass(frozen=True)
class Operation:
    """An operation of the document.

    Parameters
    ----------
    name
        Method and path, as in `RECIPES`.
    scopes
        One of these is needed; nothing where no key is.
    """

    name: str
    scopes: frozenset[str]

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self.name.partition(" ")[0]

    @property
    def path(self) -> str:
        """The path with its parameters."""
        return self.name.partition(" ")[2]


@dataclass(frozen=True)
class Cell:
    """What came back: HTTP statuses with a project's own things, and with another's.

    Parameters
    ----------
    own, foreign
        Statuses; `foreign` is None where an operation names no thing.
    problems
        What was wrong, as sentences.
    """

    own: int
    foreign: int | None
    problems: tuple[str, ...]


def _bearer(key: str | None) -> dict[str, str]:
    return {} if key is None else {"Authorization": f"Bearer {key}"}


class World:
    """A service with two projects that have one of everything each.

    Parameters
    ----------
    client, folder
        Of the running application; a folder that it may read.
    """

    def __init__(self, client: TestClient, folder: Path) -> None:
        self.client, self.folder = client, folder
        for number in range(_SCENES):
            shade = Image.radial_gradient("L").rotate(40 * number).resize((64, 48))
            shade.convert("RGB").save(folder / f"{number}.png")
        (folder / "points.xyz").write_text("0 0 0\n1 2 3\n")
        self._state = client.app.state.app_state  # type: ignore[attr-defined]  # starlette knows it as ASGI
        self.keys: dict[str, str | None] = {"no key": None}
        for name in (*SCOPES, ALL, "a revoked key", "an expired key"):
            self.keys[name] = self._key(OURS, SCOPES if name not in SCOPES else (name,))
        good = str(self.keys[ALL])
        self.keys["a wrong key"] = good[:-6] + good[-6:].swapcase()[::-1]
        self._spoil(str(self.keys["a revoked key"]), revoked_at=now())
        self._spoil(str(self.keys["an expired key"]), expires_at=now() - timedelta(seconds=1))
        self.things = {
            OURS: Things(self, good),
            THEIRS: Things(self, self._key(THEIRS, SCOPES)),
        }
        for things in self.things.values():
            things.fill()

    def operations(self) -> list[Operation]:
        """Return every operation of the document."""
        paths = self.client.get("/openapi.json").json()["paths"]
        return [
            Operation(
                f"{method.upper()} {path}",
                frozenset(
                    scope
                    for way in operation.get("security", ())
                    for scopes in way.values()
                    for scope in scopes
                ),
            )
            for path, methods in sorted(paths.items())
            for method, operation in sorted(methods.items())
        ]

    def extract(self, made: dict[str, Any]) -> ExtractionOutcome:
        """Do what a worker does with a registered dataset."""
        names = (made["operation"]["id"], made["dataset"]["id"])
        with closing(ExtractionJob(self._state.settings, self._state.sessions, *names)) as job:
            outcome, group = job.read_source(), 0
            while outcome is ExtractionOutcome.MORE:
                outcome, group = job.extract_group(group), group + 1
            return job.finish() if outcome is ExtractionOutcome.DONE else outcome

    def read_hooks(self) -> None:
        """Do what a worker does with what came for hooks."""
        reader = HookReader(self._state.sessions)
        while reader.read_one():
            pass

    def rows(self, project: str) -> list[tuple[Any, ...]]:
        """Return everything that the tables have of a project."""
        found: list[tuple[Any, ...]] = []
        with self._state.sessions.kw["bind"].connect() as connection:
            for mapped in owned():
                table = mapped.__table__
                rows = connection.execute(select(table).where(table.c.project == project))
                found += sorted((table.name, *map(str, row)) for row in rows)
        return found

    def cell(self, operation: Operation, caller: str, *, head: bool = False) -> Cell:
        """Try an operation as a caller: with our things, and with theirs; HEAD in place of GET."""
        recipe = RECIPES[operation.name]
        problems = []
        status, text = self._send(
            operation, caller, recipe.make(self.things[OURS]), OURS, head=head
        )
        wanted = self._wanted(caller, recipe.scopes or operation.scopes, foreign=False)
        if wanted != (status if status >= 400 else 200):
            problems.append(f"{operation.name} as {caller}: {status} in place of {wanted}: {text}")
        leaked = [name for name in self._names(THEIRS) if name in text]
        if leaked:
            problems.append(f"{operation.name} as {caller} shows {leaked} of another project")
        if not _IDS.search(operation.path):
            return Cell(status, None, tuple(problems))
        call = recipe.make(self.things[THEIRS])
        before = self.rows(THEIRS)
        other, text = self._send(operation, caller, call, THEIRS, head=head)
        wanted = self._wanted(caller, operation.scopes, foreign=True)
        if other != wanted:
            problems.append(
                f"{operation.name} as {caller}, of another project: {other} in place of {wanted}"
            )
        if self.rows(THEIRS) != before:
            problems.append(f"{operation.name} as {caller} changed another project")
        ids = [name for name in _named(operation) if name != "place"]  # a number, and no secret
        unknown = dict.fromkeys(ids, "00000000-0000-7000-8000-000000000000")
        missing = Call(unknown, call.sent)
        _, absent = self._send(operation, caller, missing, THEIRS, head=head)
        there = {name: {**self.things[THEIRS].ids, **call.ids}[name] for name in unknown}
        if _masked(text, there) != _masked(absent, unknown):
            problems.append(f"{operation.name} as {caller} tells a foreign thing from none")
        return Cell(status, other, tuple(problems))

    def _send(
        self, operation: Operation, caller: str, call: Call, of: str, *, head: bool
    ) -> tuple[int, str]:
        ids = {**self.things[of].ids, **call.ids}
        path = _IDS.sub(lambda found: ids[found[1]], operation.path)
        headers = {**_bearer(self.keys[caller]), **call.sent.get("headers", {})}
        sent = {**call.sent, "headers": headers}
        method = "HEAD" if head else operation.method
        answer = self.client.request(method, path, **sent)
        return answer.status_code, answer.text

    @staticmethod
    def _wanted(caller: str, scopes: frozenset[str], *, foreign: bool) -> int:
        if caller in STRANGERS:
            return 401
        if caller != ALL and caller not in scopes:
            return 403
        return 404 if foreign else 200

    def _names(self, project: str) -> list[str]:
        """Return the ids that tell a project's things."""
        kinds = ("dataset_id", "operation_id", "seed_id", "frontier_id", "hook")
        return [self.things[project].ids[kind] for kind in kinds]

    def _key(self, project: str, scopes: tuple[str, ...]) -> str:
        with self._state.sessions.begin() as session:
            return Keys(session).create(name="k", project=project, scopes=scopes, days=None)[0]

    def _spoil(self, key: str, **values: object) -> None:
        with self._state.sessions.begin() as session:
            session.execute(update(KeyRow).where(KeyRow.prefix == key[3:15]).values(**values))


def _named(operation: Operation) -> list[str]:
    """Return the parameters of a path that name rows: a scene's id is looked for in its dataset."""
    return [name for name in _IDS.findall(operation.path) if name != "scene_id"]


def _masked(text: str, ids: dict[str, str]) -> str:
    """Return a text without ids and without what differs from request to request."""
    for name in ids.values():
        text = text.replace(name, "ID")
    return re.sub(r'"request_id":"[^"]*"', "", text)


def guarded(operations: list[Operation]) -> list[Operation]:
    """Return the operations that a key is asked for: all but signs of life and capabilities."""
    return [
        each
        for each in operations
        if each.path.strip("/") not in _WATCHED and each.name not in CAPABILITIES
    ]


def table(cells: dict[tuple[str, str], Cell]) -> str:
    """Return the matrix in Markdown: in each cell the status with own things / another's."""
    lines = [f"| operation | {' | '.join(CALLERS)} |", "|---" * (len(CALLERS) + 1) + "|"]
    for name in dict.fromkeys(name for name, _ in cells):
        found = [cells[name, caller] for caller in CALLERS]
        shown = [f"{c.own}" if c.foreign is None else f"{c.own} / {c.foreign}" for c in found]
        lines.append(f"| `{name}` | {' | '.join(shown)} |")
    return "\n".join(lines)


@contextmanager
def world(data: Path, folder: Path) -> Iterator[World]:
    """Run a service with two projects within the context."""
    connections = data / "connections.toml"
    connections.write_text(_CONNECTIONS)
    settings = Settings(
        data_dir=data,
        file_roots=(folder,),
        solve_processes=1,
        allowed_hosts=("testserver",),
        connections_file=connections,
    )
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield World(client, folder)


def main() -> int:
    """Print the matrix; return how many cells are wrong."""
    with (
        tempfile.TemporaryDirectory() as data,
        tempfile.TemporaryDirectory() as folder,
        world(Path(data), Path(folder)) as made,
    ):
        cells = {
            (operation.name, caller): made.cell(operation, caller)
            for operation in guarded(made.operations())
            for caller in CALLERS
        }
    sys.stdout.write(f"{table(cells)}\n")
    problems = [problem for cell in cells.values() for problem in cell.problems]
    sys.stderr.write("".join(f"{problem}\n" for problem in problems))
    return len(problems)


if __name__ == "__main__":
    sys.exit(min(1, main()))
