"""Visitors of a soak: each does what a client may do, and does not give up when it is cut off."""

import io
import json
import random
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

import httpx2
import numpy as np
from soak_ledger import Ledger, Promised

_PATIENCE_S: Final = 300.0
_AGAIN: Final = frozenset({429, 503})
SECRET: Final = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 the standard's own example

OK, CREATED, ACCEPTED, NO_CONTENT, MISSING, CONFLICT, UNFIT = 200, 201, 202, 204, 404, 409, 422
_DONE: Final = frozenset({"succeeded"})
_ENDED: Final = frozenset({"succeeded", "cancelled"})
_EVENTS: Final = frozenset({"progress", "incumbent", "done", "error"})

Verify = Callable[[bytes, bytes], str]
"""Takes a problem's file and a certificate; returns why it does not hold, or nothing."""


class UnexpectedError(Exception):
    """The service answered what it must not; the visit ends."""


@dataclass(frozen=True, slots=True)
class Grounds:
    """What all visitors share.

    Parameters
    ----------
    url, hook
        Where the service answers, and where it is to call back.
    images
        Pictures that the service may read.
    folder
        Where manifests may be put for the service to read.
    certified
        Objectives whose seeds have certificates.
    objectives
        All that there are.
    ledger
        What was promised.
    verify
        Checks a certificate.
    """

    url: str
    hook: str
    images: tuple[Path, ...]
    folder: Path
    certified: frozenset[str]
    objectives: tuple[str, ...]
    ledger: Ledger
    verify: Verify


class Visitor:
    """A client with a mind of its own.

    Parameters
    ----------
    grounds
        See :class:`Grounds`.
    number
        Of the visitor; decides what it does.
    """

    def __init__(self, grounds: Grounds, number: int) -> None:
        self._grounds = grounds
        self._ledger = grounds.ledger
        self._rng = random.Random(number)  # noqa: S311 no secret
        self._numpy = np.random.default_rng(number)
        self._http = httpx2.Client(base_url=grounds.url, timeout=90, trust_env=False)
        self._tries = 0

    def visit(self) -> None:
        """Bring a dataset, ask of it what comes to mind, and perhaps take it away again."""
        self._misbehave()
        pool = self._rng.choice((self._images, self._images, self._vectors))()
        asks = (
            self._seed, self._seed, self._seed, self._durable_seed, self._frontier, self._twice,
            self._look, self._look, self._misbehave,
        )  # fmt: skip
        for ask in self._rng.sample(asks, self._rng.randint(3, len(asks))):
            if ask == self._misbehave:
                self._misbehave()
            else:
                ask(pool)  # type: ignore[operator]  # the others take the dataset
        if self._rng.random() < 0.6:  # noqa: PLR2004 most of them
            self._ledger.close(pool)
            self.call("DELETE", f"/v1/datasets/{pool.id}", {NO_CONTENT, MISSING})
            if self.call("GET", f"/v1/datasets/{pool.id}", {MISSING}) is not None:
                self._ledger.count("datasets deleted")

    def close(self) -> None:
        """Hang up."""
        self._http.close()

    def call(
        self,
        method: str,
        path: str,
        expected: set[int],
        body: object = None,
        **more: Any,  # noqa: ANN401 httpx's own
    ) -> httpx2.Response:
        """Send a request until it is answered, the same key each time.

        Raises
        ------
        UnexpectedError
            The answer is none that is expected; the ledger has it.
        """
        headers = dict(more.pop("headers", {}))
        if method == "POST":
            headers.setdefault("Idempotency-Key", str(uuid.UUID(int=self._rng.getrandbits(128))))
        if body is not None:
            more["json"] = body
        deadline = time.monotonic() + _PATIENCE_S
        self._tries = 0
        while time.monotonic() < deadline:
            self._tries += 1
            try:
                answer = self._http.request(method, path, headers=headers, **more)
            except httpx2.TransportError:
                self._ledger.count("requests cut off")
                time.sleep(0.3)
                continue
            self._ledger.count("requests answered")
            if answer.status_code in expected:
                return answer
            if answer.status_code not in _AGAIN:
                self._refuse(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
            self._ledger.count(f"requests answered {answer.status_code}")
            time.sleep(min(2.0, float(answer.headers.get("Retry-After", 1))))
        return self._refuse(f"{method} {path}: no answer in {_PATIENCE_S:.0f} s")

    def _refuse(self, sentence: str) -> NoReturn:
        self._ledger.fault(sentence)
        raise UnexpectedError(sentence)

    def _images(self) -> Promised:
        """Register a manifest of images: uploaded, or where the service finds it."""
        n = self._rng.randint(8, 24)
        names = self._rng.sample(self._grounds.images, 2 * n)
        lines = [
            json.dumps(
                {
                    "scene_id": f"room/{k}", "cost": self._rng.randint(1, 90), "group": f"g{k % 3}",
                    "images": [str(names[2 * k]), str(names[2 * k + 1])],
                }
            )
            for k in range(n)
        ]  # fmt: skip
        manifest = "\n".join(lines).encode()
        if self._rng.random() < 0.5:  # noqa: PLR2004 one or the other
            headers = {"Content-Type": "application/octet-stream"}
            answer = self.call(
                "POST", "/v1/manifests", {CREATED}, content=manifest, headers=headers
            )
            uri = answer.json()["uri"]
        else:
            path = self._grounds.folder / f"{uuid.uuid4().hex}.jsonl"
            path.write_bytes(manifest)
            uri = str(path)
        pool = self._register({"kind": "manifest", "uri": uri}, "colour_grid", n)
        self._follow(pool.operation)
        self._ledger.count("datasets of images")
        return pool

    def _vectors(self) -> Promised:
        """Register scenes in the request and send their vectors."""
        n, d = self._rng.randint(20, 60), 12
        scenes = [
            {"scene_id": f"s{k}", "cost": float(self._rng.randint(1, 40)), "group": f"g{k % 4}"}
            for k in range(n)
        ]
        pool = self._register({"kind": "inline", "scenes": scenes}, "precomputed", n)
        stream = io.BytesIO()
        vectors = self._numpy.standard_normal((3 * n, d)).astype(np.float32)
        np.savez(stream, scene_ids=np.repeat([s["scene_id"] for s in scenes], 3), vectors=vectors)
        path = f"/v1/datasets/{pool.id}/vectors"
        kind = {"Content-Type": "application/x-npz"}
        self.call("PUT", path, {ACCEPTED}, content=stream.getvalue(), headers=kind)
        self._follow(pool.operation)
        self._ledger.count("datasets of vectors")
        return pool

    def _register(self, source: dict[str, Any], backbone: str, n: int) -> Promised:
        body = {
            "name": uuid.uuid4().hex, "source": source,
            "features": {"backbone": backbone, "clusters": 4},
        } | self._callback()  # fmt: skip
        answer = self.call("POST", "/v1/datasets", {ACCEPTED}, body)
        pool = Promised(answer.json()["dataset"]["id"], answer.headers["Location"], n)
        self._ledger.open(pool)
        self._accept(pool, pool.operation, body, _DONE)
        return pool

    def _callback(self) -> dict[str, Any]:
        if self._rng.random() < 0.5:  # noqa: PLR2004 one or the other
            return {}
        return {"callback": {"url": self._grounds.hook, "secret": SECRET}}

    def _accept(
        self, pool: Promised, path: str, body: dict[str, Any], ends: frozenset[str]
    ) -> None:
        pool.operations[path] = ends
        if "callback" in body:
            self._ledger.expect_callback(path)

    def _follow(self, operation: str) -> dict[str, Any]:
        """Watch an operation's events up to its end, through every interruption.

        Raises
        ------
        UnexpectedError
            Versions do not grow, or an event is none of ours.
        """
        last: dict[str, Any] = {"version": -1, "finished_at": None}
        deadline = time.monotonic() + _PATIENCE_S
        while last["finished_at"] is None:
            if time.monotonic() > deadline:
                self._refuse(f"{operation}: no end in {_PATIENCE_S:.0f} s")
            headers = {} if last["version"] < 0 else {"Last-Event-ID": str(last["version"])}
            try:
                for name, state in self._events(operation, headers):
                    if name not in _EVENTS or state["version"] <= last["version"]:
                        self._refuse(f"{operation}: event {name} of {state['version']}")
                    last = state
                    self._ledger.count("events")
            except httpx2.TransportError:
                self._ledger.count("event streams cut off")
            time.sleep(0.1)
        return last

    def _events(
        self, operation: str, headers: dict[str, str]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        with self._http.stream("GET", f"{operation}/events", headers=headers) as answer:
            if answer.status_code in _AGAIN:
                return
            if answer.status_code != OK:
                self._refuse(f"{operation}/events: {answer.status_code}")
            name = ""
            for line in answer.iter_lines():
                key, _, value = line.partition(": ")
                if key == "event":
                    name = value
                elif key == "data":
                    yield name, json.loads(value)

    def _question(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "budget": {"fraction": round(self._rng.uniform(0.1, 0.6), 6)},
            "objective": self._rng.choice(self._grounds.objectives),
            "time_limit_s": 5,
        }
        rules = (
            {}, {"max_scenes": self._rng.randint(2, 9)}, {"groups": [{"group": "g0", "max": 2}]},
            {"min_scenes": 1},
        )  # fmt: skip
        return body | {"constraints": self._rng.choice(rules)}

    def _seed(self, pool: Promised) -> None:
        body = self._question()
        answer = self.call("POST", f"/v1/datasets/{pool.id}/seeds", {CREATED, UNFIT}, body)
        if answer.status_code == UNFIT:  # a budget below the cheapest scene
            self._ledger.count("questions refused with a reason")
            return
        self._take(pool, body, answer.json())

    def _durable_seed(self, pool: Promised) -> None:
        """Have a worker answer, watch it, and now and then change one's mind."""
        body = self._question() | self._callback()
        path, prefer = f"/v1/datasets/{pool.id}/seeds", {"Prefer": "respond-async"}
        answer = self.call("POST", path, {CREATED, ACCEPTED, UNFIT}, body, headers=prefer)
        if answer.status_code == CREATED:
            self._take(pool, body, answer.json())
        if answer.status_code != ACCEPTED:
            return
        operation = answer.headers["Location"]
        changes_mind = self._rng.random() < 0.2  # noqa: PLR2004 now and then
        self._accept(pool, operation, body, _ENDED if changes_mind else _DONE)
        if changes_mind:
            self.call("POST", f"{operation}:cancel", {OK, CONFLICT})
        state = self._follow(operation)
        if state["seed_id"] is not None:
            seed = self.call("GET", f"/v1/seeds/{state['seed_id']}", {OK}).json()
            self._take(pool, body, seed)

    def _frontier(self, pool: Promised) -> None:
        low = round(self._rng.uniform(0.1, 0.3), 6)
        budgets = {"from": low, "to": 0.6, "steps": self._rng.randint(2, 6)}
        body = self._question() | {"budgets": budgets, "constraints": {}}
        del body["budget"]
        path = f"/v1/datasets/{pool.id}/frontiers"
        answer = self.call("POST", path, {CREATED, UNFIT}, body)
        if answer.status_code == CREATED:
            found = answer.json()
            if len(found["points"]) != budgets["steps"]:
                self._ledger.fault(f"frontier {found['id']} has {len(found['points'])} points")
            pool.frontiers[json.dumps(body, sort_keys=True)] = found["id"]
            self._ledger.count("frontiers")

    def _twice(self, pool: Promised) -> None:
        """Send one question twice, and one registration with one key twice: one answer each."""
        body = self._question()
        path = f"/v1/datasets/{pool.id}/seeds"
        answers = [self.call("POST", path, {CREATED, UNFIT}, body) for _ in range(2)]
        names = {answer.json().get("id", "refused") for answer in answers}
        if len(names) != 1:
            self._ledger.fault(f"one question on {pool.id} was answered with {sorted(names)}")
        if answers[0].status_code == CREATED:
            self._take(pool, body, answers[0].json())
            self._ledger.count("questions asked twice")

    def _take(self, pool: Promised, body: dict[str, Any], seed: dict[str, Any]) -> None:
        """Check a seed: within its budget, below its bound, and with a certificate that holds."""
        pool.seeds[json.dumps(body, sort_keys=True)] = seed["id"]
        name, limit = seed["id"], seed["budget"]["limit"]
        if seed["total_cost"] > limit * (1 + 1e-9):
            self._ledger.fault(f"seed {name} costs {seed['total_cost']} of {limit}")
        bound = seed["upper_bound"]
        if bound is not None and seed["objective"] > bound + 1e-6 * abs(bound):
            self._ledger.fault(f"seed {name} is worth {seed['objective']}, above {bound}")
        self._ledger.count("seeds")
        if seed["solver"]["objective"] not in self._grounds.certified:
            self._ledger.count("seeds of objectives without certificates")
            return
        proof = self.call("GET", f"/v1/seeds/{name}/certificate", {OK}).content
        problem = self.call("GET", f"/v1/seeds/{name}/problem", {OK}).content
        refused = self._grounds.verify(problem, proof)
        if refused:
            self._ledger.fault(f"the certificate of seed {name} does not hold: {refused}")
        else:
            self._ledger.count("seeds verified by their certificates")

    def _look(self, pool: Promised) -> None:
        """Look around, as the page does."""
        path = f"/v1/datasets/{pool.id}"
        page = self.call("GET", f"{path}/scenes?page_size=5", {OK}).json()
        scene = self._rng.choice(page["items"])
        name = scene["scene_id"]
        if scene["images"]:
            picture = self.call("GET", f"{path}/scenes/{name}/thumbnail?side=64", {OK})
            if not picture.content.startswith(b"\xff\xd8"):
                self._ledger.fault(f"the preview of {name} is no JPEG")
            self._ledger.count("previews")
        near = self.call("GET", f"{path}/scenes/{name}/neighbors?k=3", {OK}).json()
        if len(near["items"]) != 3:  # noqa: PLR2004 as asked
            self._ledger.fault(f"{name} has {len(near['items'])} neighbours")
        self.call("GET", f"{path}/map", {OK})
        self.call("GET", f"{path}/duplicates", {OK})
        self.call("GET", f"{path}/seeds", {OK})
        self._ledger.count("looks around")

    def _misbehave(self) -> None:
        """Send what must be refused, and be refused for it."""
        bad = (
            ("POST", "/v1/datasets", {400}, {"content": b"{", "headers": _JSON}),
            ("POST", "/v1/datasets", {UNFIT}, {"json": {"name": "x"}}),
            ("POST", "/v1/datasets", {UNFIT}, {"json": _stray("/etc")}),
            ("POST", "/v1/datasets", {UNFIT}, {"json": _stray("/nowhere/../../proc")}),
            ("POST", "/v1/datasets/none/seeds", {MISSING}, {"json": {"budget": {"limit": 1}}}),
            ("POST", "/v1/datasets/none/seeds", {UNFIT}, {"json": {"budget": {"limit": -1}}}),
            ("POST", "/v1/datasets/none/seeds", {400, UNFIT}, {"content": _NAN, "headers": _JSON}),
            ("GET", "/v1/datasets?page_token=AAAA", {UNFIT}, {}),
            ("GET", "/v1/operations/none/events", {MISSING}, {}),
            ("POST", "/v1/manifests", {415}, {"content": b""}),
            ("POST", "/v1/manifests", {UNFIT}, {"content": b"", "headers": _JSON_LINES}),
            ("PUT", "/v1/datasets/none/vectors", {MISSING, 415}, {"content": b"junk"}),
            ("PATCH", "/v1/datasets", {405}, {}),
        )
        method, path, expected, more = self._rng.choice(bad)
        self.call(method, path, expected, **more)
        self._ledger.count("bad requests refused")


_JSON: Final = {"Content-Type": "application/json"}
_JSON_LINES: Final = {"Content-Type": "application/jsonl"}
_NAN: Final = b'{"budget": {"limit": NaN}}'


def _stray(root: str) -> dict[str, Any]:
    return {"name": "stray", "source": {"kind": "images", "root": root}}
