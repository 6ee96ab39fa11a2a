"""The client that waits for each answer."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, cast

import httpx2

from seedal_client import models
from seedal_client.calls import (
    BudgetLike,
    Calls,
    Content,
    Item,
    Listing,
    Named,
    Progress,
    Source,
)
from seedal_client.events import QUIET, Watch
from seedal_client.protocol import Answer, Call, Pause, Result, Retries, Steps, path_of, written
from seedal_client.transport import CHUNK, headers_of, options_of

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self, Unpack

    from seedal_client.calls import Question, Registration, SeedQuestion


class Client:
    """A SeedAL Service at a URL; every call waits for its answer.

    It may be used by several threads at once. Each method but the composed ones
    (`register_dataset` waits, `create_seed` waits) is one call of the service's OpenAPI document.

    Parameters
    ----------
    url
        Of the service, such as ``http://127.0.0.1:8000``; it may have a path.
    key
        A key of ``seedal keys create``; none is needed where the service has none.
    timeout_s
        How long any step of a request may take; by default 10 s to connect, 120 s for an answer.
    retries
        How often requests are sent.
    transport
        What sends them; for tests.

    Examples
    --------
    >>> with Client("http://127.0.0.1:8000") as client:
    ...     dataset = client.register_dataset("Building 7", "file:///data/scenes.jsonl")
    ...     seed = client.create_seed(dataset, "10%")
    ...     print([scene.scene_id for scene in seed.scenes])
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        timeout_s: float | None = None,
        retries: Retries | None = None,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self._retries = Retries() if retries is None else retries
        self._calls = Calls(self._retries)
        self._http = httpx2.Client(transport=transport, **options_of(url, key, timeout_s))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections.

        Examples
        --------
        >>> client.close()
        """
        self._http.close()

    # Datasets

    def validate_dataset(self, source: Source) -> models.SourceReport:
        """Look at a source without registering it.

        Examples
        --------
        >>> client.validate_dataset("file:///data/scenes.jsonl").scene_count
        """
        return self._run(self._calls.validate_dataset(source))

    def register_dataset(
        self,
        name: str,
        source: Source,
        *,
        vectors: Content | None = None,
        wait: bool = True,
        **options: Unpack[Registration],
    ) -> models.Dataset:
        """Register a pool of scenes, and wait until it is ready for budgets.

        Parameters
        ----------
        name
            For people.
        source
            A string is the URI of a manifest that the service can read; a `pathlib.Path` is a
            manifest on this machine, which is uploaded; a list has the scenes themselves; a mapping
            is sent as it is, such as ``{"kind": "s3dis", "root": "/data/S3DIS"}``.
        vectors
            Embeddings that were computed before: a file (`.npz` or Parquet), or its bytes. Then no
            image is read.
        wait
            False returns at once; `wait_until_ready` waits later.
        **options
            ``features``, ``resource`` and ``callback`` of the request; ``timeout_s`` and
            ``progress`` of the wait.

        Raises
        ------
        InvalidRequestError
            The source breaks a rule.
        OperationFailedError
            Its images could not be read.

        Examples
        --------
        >>> client.register_dataset("Building 7", Path("scenes.jsonl"), vectors="vectors.npz")
        """
        return self._run(self._calls.register_dataset(name, source, vectors, wait, options))

    def wait_until_ready(
        self, dataset: Named, *, timeout_s: float | None = None, progress: Progress | None = None
    ) -> models.Dataset:
        """Wait until a dataset is ready for budgets.

        Raises
        ------
        WaitTimeoutError
            It is not, within `timeout_s`; the work goes on.

        Examples
        --------
        >>> client.wait_until_ready(dataset, progress=lambda seen: print(seen.percent_complete))
        """
        waiting = self._calls.wait_until_ready(dataset, timeout_s=timeout_s, progress=progress)
        return self._run(waiting)

    def put_vectors(self, dataset: Named, vectors: Content) -> models.Dataset:
        """Upload the vectors of a dataset that waits for them.

        Examples
        --------
        >>> client.put_vectors(dataset, "vectors.npz")
        """
        return self._run(self._calls.put_vectors(dataset, vectors))

    def upload_manifest(self, manifest: Content) -> models.UploadedManifest:
        """Upload a manifest; its `uri` is a source.

        Examples
        --------
        >>> client.upload_manifest("scenes.jsonl").uri
        """
        return self._run(self._calls.upload_manifest(manifest))

    def list_datasets(self, *, page_size: int | None = None) -> Iterator[models.Dataset]:
        """Iterate over the datasets, newest first; pages are fetched when they are needed.

        Examples
        --------
        >>> [dataset.name for dataset in client.list_datasets()]
        """
        return self._items(self._calls.list_datasets(page_size))

    def get_dataset(self, dataset: Named) -> models.Dataset:
        """Return a dataset as it is now.

        Examples
        --------
        >>> client.get_dataset(dataset.id).status
        """
        return self._run(self._calls.get_dataset(dataset))

    def delete_dataset(self, dataset: Named) -> None:
        """Delete a dataset with its scenes, operations and seeds.

        Examples
        --------
        >>> client.delete_dataset(dataset)
        """
        self._run(self._calls.delete_dataset(dataset))

    def list_scenes(
        self, dataset: Named, *, page_size: int | None = None
    ) -> Iterator[models.Scene]:
        """Iterate over the scenes in the source's order; pages are fetched when they are needed.

        Examples
        --------
        >>> {scene.scene_id: scene.costs for scene in client.list_scenes(dataset)}
        """
        return self._items(self._calls.list_scenes(dataset, page_size))

    def get_scene(self, dataset: Named, scene_id: str) -> models.Scene:
        """Return a scene.

        Examples
        --------
        >>> client.get_scene(dataset, "07/000005").images
        """
        return self._run(self._calls.get_scene(dataset, scene_id))

    # Seeds and frontiers

    def create_seed(
        self, dataset: Named, budget: BudgetLike, **question: Unpack[SeedQuestion]
    ) -> models.Seed:
        """Ask which scenes to annotate first, and wait for the answer.

        Parameters
        ----------
        dataset
            One that is ready.
        budget
            A number in the resource's unit, a part such as ``"10%"``, or a mapping such as
            ``{"fraction": 0.2, "includes_labelled": True}``.
        **question
            What else the question says, such as ``constraints`` or ``time_limit_s``; ``timeout_s``
            and ``progress`` of the wait, where the answer is an operation.

        Raises
        ------
        InvalidRequestError
            The budget buys nothing, or a constraint names what there is not.
        WaitTimeoutError
            There is no answer within `timeout_s`; the work goes on.

        Examples
        --------
        >>> seed = client.create_seed(dataset, "10%", constraints={"labelled_from": "ledger"})
        >>> [(scene.rank, scene.scene_id) for scene in seed.scenes]
        """
        return self._run(self._calls.create_seed(dataset, budget, question))

    def start_seed(
        self, dataset: Named, budget: BudgetLike, **question: Unpack[Question]
    ) -> models.Operation | models.Seed:
        """Ask, and return the operation that will have the seed; the seed, if it is there already.

        Examples
        --------
        >>> operation = client.start_seed(dataset, "10%", time_limit_s=600)
        """
        return self._run(
            self._calls.start_seed(dataset, budget, at_once=True, question={**question})
        )

    def get_seed(self, seed: Named) -> models.Seed:
        """Return a seed; it never changes.

        Examples
        --------
        >>> client.get_seed(seed.id).gap
        """
        return self._run(self._calls.get_seed(seed))

    def list_seeds(
        self, dataset: Named, *, page_size: int | None = None
    ) -> Iterator[models.SeedSummary]:
        """Iterate over a dataset's seeds, newest first; pages are fetched when they are needed.

        Examples
        --------
        >>> next(client.list_seeds(dataset)).total_cost
        """
        return self._items(self._calls.list_seeds(dataset, page_size))

    def list_objectives(self) -> tuple[models.Objective, ...]:
        """Return what a seed can maximise, the default first.

        Examples
        --------
        >>> [objective.name for objective in client.list_objectives()]
        """
        return self._run(self._calls.list_objectives())

    def upload_hint(self, archive: Content) -> models.UploadedHint:
        """Upload a few labelled images that say what counts.

        Examples
        --------
        >>> hint = client.upload_hint("hint.zip")
        >>> client.create_seed(dataset, "10%", hint={"uri": hint.uri})
        """
        return self._run(self._calls.upload_hint(archive))

    def create_frontier(
        self,
        dataset: Named,
        budgets: Sequence[BudgetLike] | Mapping[str, float],
        *,
        nested: bool = False,
        **question: Unpack[SeedQuestion],
    ) -> models.Frontier:
        """Ask what each of many budgets would buy, and wait for the answer.

        Examples
        --------
        >>> client.create_frontier(dataset, ["5%", "10%", "20%"]).knee
        >>> client.create_frontier(dataset, {"from": 0.01, "to": 0.5, "steps": 50})
        """
        asking = self._calls.create_frontier(dataset, budgets, nested=nested, question=question)
        return self._run(asking)

    def get_frontier(self, frontier: Named) -> models.Frontier:
        """Return a frontier; it never changes.

        Examples
        --------
        >>> client.get_frontier(frontier.id).points
        """
        return self._run(self._calls.get_frontier(frontier))

    # Files

    def export_seed(
        self, seed: Named, into: str | PathLike[str], export_format: str = "json"
    ) -> Path:
        """Write a seed into a file, in the format of a platform.

        Parameters
        ----------
        seed
            Which one.
        into
            The file. It is there only once it is whole.
        export_format
            Such as ``csv``, ``jsonl``, ``parquet`` or ``priorities``.

        Examples
        --------
        >>> client.export_seed(seed, "seed.csv", "csv")
        """
        path = path_of("/v1/seeds/{seed_id}/export", seed_id=seed)
        return self._run(self._calls.download(path, into, format=export_format))

    def get_certificate(self, seed: Named, into: str | PathLike[str]) -> Path:
        """Write the proof of a seed into a file, for ``seedal verify``.

        Examples
        --------
        >>> client.get_certificate(seed, "certificate.json")
        """
        path = path_of("/v1/seeds/{seed_id}/certificate", seed_id=seed)
        return self._run(self._calls.download(path, into))

    def get_problem(self, seed: Named, into: str | PathLike[str]) -> Path:
        """Write the problem that a certificate is about into a file.

        Examples
        --------
        >>> client.get_problem(seed, "problem.npz")
        """
        path = path_of("/v1/seeds/{seed_id}/problem", seed_id=seed)
        return self._run(self._calls.download(path, into))

    # Labels

    def record_labels(
        self, dataset: Named, events: Iterable[Mapping[str, object]]
    ) -> models.LabelsReport:
        """Say which scenes are queued, labelled or skipped; any number of events.

        Give each event its ``at`` and ``ref`` where your platform has them: then late and repeated
        ones change nothing.

        Examples
        --------
        >>> client.record_labels(dataset, [{"scene_id": "room/1", "state": "labelled"}])
        """
        return self._run(self._calls.record_labels(dataset, events))

    def list_labels(
        self, dataset: Named, *, state: str | None = None, page_size: int | None = None
    ) -> Iterator[models.LabelledScene]:
        """Iterate over the scenes of which something is said.

        Examples
        --------
        >>> [scene.scene_id for scene in client.list_labels(dataset, state="labelled")]
        """
        return self._items(self._calls.list_labels(dataset, state, page_size))

    def summarize_labels(self, dataset: Named) -> models.LabelSummary:
        """Return how far a dataset is labelled, and what that took.

        Examples
        --------
        >>> client.summarize_labels(dataset).labelled_cost
        """
        return self._run(self._calls.summarize_labels(dataset))

    # Operations

    def get_operation(self, operation: Named) -> models.Operation:
        """Return an operation as it is now.

        Examples
        --------
        >>> client.get_operation(operation.id).percent_complete
        """
        return self._run(self._calls.get_operation(operation))

    def cancel_operation(self, operation: Named) -> models.Operation:
        """Cancel an operation; again, it changes nothing.

        Examples
        --------
        >>> client.cancel_operation(operation).status
        """
        return self._run(self._calls.cancel_operation(operation))

    def wait(
        self,
        operation: Named,
        *,
        timeout_s: float | None = None,
        progress: Progress | None = None,
    ) -> models.Operation:
        """Wait until an operation has succeeded.

        Raises
        ------
        OperationFailedError
            It failed, or was cancelled.
        WaitTimeoutError
            It has not ended within `timeout_s`; the work goes on.

        Examples
        --------
        >>> client.get_seed(client.wait(operation, timeout_s=600).seed_id)
        """
        return self._run(self._calls.wait(operation, timeout_s=timeout_s, progress=progress))

    def watch_operation(self, operation: Named) -> Iterator[models.Operation]:
        """Follow an operation to its end, change by change; a broken stream is taken up again.

        Examples
        --------
        >>> for seen in client.watch_operation(operation):
        ...     print(seen.percent_complete, seen.gap)
        """
        watch = Watch(operation, self._retries)
        while not watch.has_ended():
            error: httpx2.RequestError | None = None
            pause: Pause | None = None
            try:
                with self._http.stream(
                    "GET", watch.path, headers=watch.headers, timeout=QUIET
                ) as answer:
                    if not watch.is_stream(answer):
                        answer.read()
                        pause = watch.refused(answer)
                    else:
                        for event in httpx2.EventSource(answer):
                            seen = watch.heard(event)
                            if seen is not None:
                                yield seen
                            if watch.has_ended():
                                return
            except httpx2.RequestError as broken:
                error = broken
            if not watch.has_ended():
                time.sleep((pause or watch.broke(error)).seconds)

    # How it is done

    def _run(self, steps: Steps[Result]) -> Result:
        """Do what a call's steps say, and return what comes of them."""
        try:
            step = next(steps)
            while True:
                outcome = self._try(step)
                if isinstance(outcome, httpx2.RequestError):
                    step = steps.throw(outcome)
                else:
                    step = steps.send(outcome)
        except StopIteration as end:
            return cast("Result", end.value)
        finally:
            steps.close()

    def _try(self, step: Call | Pause) -> Answer | httpx2.RequestError | None:
        try:
            return self._do(step)
        except httpx2.RequestError as error:
            return error

    def _do(self, step: Call | Pause) -> Answer | None:
        if isinstance(step, Pause):
            time.sleep(step.seconds)
            return None
        with self._http.stream(
            step.method,
            step.path,
            params=step.query or None,
            json=step.json,
            content=_read(step.upload),
            headers=headers_of(step),
        ) as answer:
            if step.into is None or not answer.is_success:
                return Answer(answer.status_code, answer.headers, answer.read())
            with written(step.into) as file:
                for chunk in answer.iter_bytes():
                    file.write(chunk)
            return Answer(answer.status_code, answer.headers, b"")

    def _items(self, listing: Listing[Item]) -> Iterator[Item]:
        token = ""
        while True:
            page = self._run(listing.page(token))
            yield from page.items
            token = page.next_page_token
            if not token:
                return


def _read(upload: bytes | Path | None) -> bytes | Iterator[bytes] | None:
    return _chunks(upload) if isinstance(upload, Path) else upload


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
