"""The client for asyncio: the same calls, done without blocking."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
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


class AsyncClient:
    """A SeedAL Service at a URL, for asyncio; the same calls as `Client`.

    Parameters
    ----------
    url, key, timeout_s, retries, transport
        As for `Client`.

    Examples
    --------
    >>> async with AsyncClient("http://127.0.0.1:8000") as client:
    ...     seed = await client.create_seed("ds_1", "10%")
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        timeout_s: float | None = None,
        retries: Retries | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._retries = Retries() if retries is None else retries
        self._calls = Calls(self._retries)
        self._http = httpx2.AsyncClient(transport=transport, **options_of(url, key, timeout_s))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    # Datasets

    async def validate_dataset(self, source: Source) -> models.SourceReport:
        """Like `Client.validate_dataset`."""
        return await self._run(self._calls.validate_dataset(source))

    async def register_dataset(
        self,
        name: str,
        source: Source,
        *,
        vectors: Content | None = None,
        wait: bool = True,
        **options: Unpack[Registration],
    ) -> models.Dataset:
        """Like `Client.register_dataset`."""
        return await self._run(self._calls.register_dataset(name, source, vectors, wait, options))

    async def wait_until_ready(
        self, dataset: Named, *, timeout_s: float | None = None, progress: Progress | None = None
    ) -> models.Dataset:
        """Like `Client.wait_until_ready`."""
        waiting = self._calls.wait_until_ready(dataset, timeout_s=timeout_s, progress=progress)
        return await self._run(waiting)

    async def put_vectors(self, dataset: Named, vectors: Content) -> models.Dataset:
        """Like `Client.put_vectors`."""
        return await self._run(self._calls.put_vectors(dataset, vectors))

    async def upload_manifest(self, manifest: Content) -> models.UploadedManifest:
        """Like `Client.upload_manifest`."""
        return await self._run(self._calls.upload_manifest(manifest))

    def list_datasets(self, *, page_size: int | None = None) -> AsyncIterator[models.Dataset]:
        """Like `Client.list_datasets`."""
        return self._items(self._calls.list_datasets(page_size))

    async def get_dataset(self, dataset: Named) -> models.Dataset:
        """Like `Client.get_dataset`."""
        return await self._run(self._calls.get_dataset(dataset))

    async def delete_dataset(self, dataset: Named) -> None:
        """Like `Client.delete_dataset`."""
        await self._run(self._calls.delete_dataset(dataset))

    def list_scenes(
        self, dataset: Named, *, page_size: int | None = None
    ) -> AsyncIterator[models.Scene]:
        """Like `Client.list_scenes`."""
        return self._items(self._calls.list_scenes(dataset, page_size))

    async def get_scene(self, dataset: Named, scene_id: str) -> models.Scene:
        """Like `Client.get_scene`."""
        return await self._run(self._calls.get_scene(dataset, scene_id))

    # Seeds and frontiers

    async def create_seed(
        self, dataset: Named, budget: BudgetLike, **question: Unpack[SeedQuestion]
    ) -> models.Seed:
        """Like `Client.create_seed`."""
        return await self._run(self._calls.create_seed(dataset, budget, question))

    async def start_seed(
        self, dataset: Named, budget: BudgetLike, **question: Unpack[Question]
    ) -> models.Operation | models.Seed:
        """Like `Client.start_seed`."""
        return await self._run(
            self._calls.start_seed(dataset, budget, at_once=True, question={**question})
        )

    async def get_seed(self, seed: Named) -> models.Seed:
        """Like `Client.get_seed`."""
        return await self._run(self._calls.get_seed(seed))

    def list_seeds(
        self, dataset: Named, *, page_size: int | None = None
    ) -> AsyncIterator[models.SeedSummary]:
        """Like `Client.list_seeds`."""
        return self._items(self._calls.list_seeds(dataset, page_size))

    async def list_objectives(self) -> tuple[models.Objective, ...]:
        """Like `Client.list_objectives`."""
        return await self._run(self._calls.list_objectives())

    async def upload_hint(self, archive: Content) -> models.UploadedHint:
        """Like `Client.upload_hint`."""
        return await self._run(self._calls.upload_hint(archive))

    async def create_frontier(
        self,
        dataset: Named,
        budgets: Sequence[BudgetLike] | Mapping[str, float],
        *,
        nested: bool = False,
        **question: Unpack[SeedQuestion],
    ) -> models.Frontier:
        """Like `Client.create_frontier`."""
        asking = self._calls.create_frontier(dataset, budgets, nested=nested, question=question)
        return await self._run(asking)

    async def get_frontier(self, frontier: Named) -> models.Frontier:
        """Like `Client.get_frontier`."""
        return await self._run(self._calls.get_frontier(frontier))

    # Files

    async def export_seed(
        self, seed: Named, into: str | PathLike[str], export_format: str = "json"
    ) -> Path:
        """Like `Client.export_seed`."""
        path = path_of("/v1/seeds/{seed_id}/export", seed_id=seed)
        return await self._run(self._calls.download(path, into, format=export_format))

    async def get_certificate(self, seed: Named, into: str | PathLike[str]) -> Path:
        """Like `Client.get_certificate`."""
        path = path_of("/v1/seeds/{seed_id}/certificate", seed_id=seed)
        return await self._run(self._calls.download(path, into))

    async def get_problem(self, seed: Named, into: str | PathLike[str]) -> Path:
        """Like `Client.get_problem`."""
        path = path_of("/v1/seeds/{seed_id}/problem", seed_id=seed)
        return await self._run(self._calls.download(path, into))

    # Labels

    async def record_labels(
        self, dataset: Named, events: Iterable[Mapping[str, object]]
    ) -> models.LabelsReport:
        """Like `Client.record_labels`."""
        return await self._run(self._calls.record_labels(dataset, events))

    def list_labels(
        self, dataset: Named, *, state: str | None = None, page_size: int | None = None
    ) -> AsyncIterator[models.LabelledScene]:
        """Like `Client.list_labels`."""
        return self._items(self._calls.list_labels(dataset, state, page_size))

    async def summarize_labels(self, dataset: Named) -> models.LabelSummary:
        """Like `Client.summarize_labels`."""
        return await self._run(self._calls.summarize_labels(dataset))

    # Operations

    async def get_operation(self, operation: Named) -> models.Operation:
        """Like `Client.get_operation`."""
        return await self._run(self._calls.get_operation(operation))

    async def cancel_operation(self, operation: Named) -> models.Operation:
        """Like `Client.cancel_operation`."""
        return await self._run(self._calls.cancel_operation(operation))

    async def wait(
        self,
        operation: Named,
        *,
        timeout_s: float | None = None,
        progress: Progress | None = None,
    ) -> models.Operation:
        """Like `Client.wait`."""
        return await self._run(self._calls.wait(operation, timeout_s=timeout_s, progress=progress))

    async def watch_operation(self, operation: Named) -> AsyncIterator[models.Operation]:
        """Like `Client.watch_operation`."""
        watch = Watch(operation, self._retries)
        while not watch.has_ended():
            error: httpx2.RequestError | None = None
            pause: Pause | None = None
            try:
                async with self._http.stream(
                    "GET", watch.path, headers=watch.headers, timeout=QUIET
                ) as answer:
                    if not watch.is_stream(answer):
                        await answer.aread()
                        pause = watch.refused(answer)
                    else:
                        async for event in httpx2.EventSource(answer):
                            seen = watch.heard(event)
                            if seen is not None:
                                yield seen
                            if watch.has_ended():
                                return
            except httpx2.RequestError as broken:
                error = broken
            if not watch.has_ended():
                await asyncio.sleep((pause or watch.broke(error)).seconds)

    # How it is done

    async def _run(self, steps: Steps[Result]) -> Result:
        """Do what a call's steps say, and return what comes of them."""
        try:
            step = next(steps)
            while True:
                outcome = await self._try(step)
                if isinstance(outcome, httpx2.RequestError):
                    step = steps.throw(outcome)
                else:
                    step = steps.send(outcome)
        except StopIteration as end:
            return cast("Result", end.value)
        finally:
            steps.close()

    async def _try(self, step: Call | Pause) -> Answer | httpx2.RequestError | None:
        try:
            return await self._do(step)
        except httpx2.RequestError as error:
            return error

    async def _do(self, step: Call | Pause) -> Answer | None:
        if isinstance(step, Pause):
            await asyncio.sleep(step.seconds)
            return None
        async with self._http.stream(
            step.method,
            step.path,
            params=step.query or None,
            json=step.json,
            content=_read(step.upload),
            headers=headers_of(step),
        ) as answer:
            if step.into is None or not answer.is_success:
                return Answer(answer.status_code, answer.headers, await answer.aread())
            with written(step.into) as file:
                async for chunk in answer.aiter_bytes():
                    file.write(chunk)
            return Answer(answer.status_code, answer.headers, b"")

    async def _items(self, listing: Listing[Item]) -> AsyncIterator[Item]:
        token = ""
        while True:
            page = await self._run(listing.page(token))
            for item in page.items:
                yield item
            token = page.next_page_token
            if not token:
                return


def _read(upload: bytes | Path | None) -> bytes | AsyncIterator[bytes] | None:
    return _chunks(upload) if isinstance(upload, Path) else upload


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
