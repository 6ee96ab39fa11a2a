"""The calls of the service, each named as the OpenAPI document names it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import Any, Final, Generic, TypeAlias, TypedDict, TypeVar

from seedal_client import models
from seedal_client.errors import (
    InvalidArgumentError,
    NotFoundError,
    OperationFailedError,
    SeedalError,
    UnexpectedAnswerError,
    WaitTimeoutError,
)
from seedal_client.protocol import (
    Answered,
    Call,
    Pause,
    Retries,
    Steps,
    begins_with,
    exchange,
    file_or_bytes,
    parse_budget,
    path_of,
    target,
)

Item = TypeVar("Item", bound=models.Model)
Named: TypeAlias = "str | models.Model"
"""An id, or the object that has it."""
Content: TypeAlias = "bytes | str | PathLike[str]"
"""What is uploaded: bytes, or the name of a file."""
Source: TypeAlias = "str | PathLike[str] | Mapping[str, object] | Sequence[Mapping[str, object]]"
BudgetLike: TypeAlias = "float | str | Mapping[str, object]"
Progress: TypeAlias = Callable[[models.Operation], object]

_MOST_EVENTS: Final = 10_000
_PARQUET: Final = b"PAR1"
_BINARY: Final = {"Content-Type": "application/octet-stream"}


class Question(TypedDict, total=False):
    """What a question about budgets may say beside them; see the service's own document."""

    resource: str
    objective: str
    strategy: str
    time_limit_s: float
    gap: float
    random_seed: int
    constraints: Mapping[str, object]
    side_budgets: Sequence[Mapping[str, object]]
    baselines: Sequence[str]
    hint: Mapping[str, object]
    callback: Mapping[str, object]


class Waiting(TypedDict, total=False):
    """How an operation is waited for: `timeout_s` ends the wait, `progress` hears of each look."""

    timeout_s: float | None
    progress: Progress | None


class Registration(Waiting, total=False):
    """What `register_dataset` takes beside name, source and vectors."""

    features: Mapping[str, object]
    resource: str
    callback: Mapping[str, object]


class SeedQuestion(Question, Waiting):
    """What `create_seed` takes beside dataset and budget."""


@dataclass(frozen=True)
class Listing(Generic[Item]):
    """A list that is read page by page."""

    call: Call
    kind: type[Item]
    retries: Retries

    def page(self, token: str) -> Steps[models.Page[Item]]:
        """Return the page that a token names; the first one where it is empty."""
        query = {**self.call.query, **({"page_token": token} if token else {})}
        call = Call(method="GET", path=self.call.path, query=query)
        answer = yield from exchange(call, self.retries)
        page: models.Page[Item] = answer.parse(models.Page[self.kind])  # type: ignore[name-defined]
        if token and page.next_page_token == token:
            detail = "A page names itself as the next one."
            raise UnexpectedAnswerError(detail)
        return page


@dataclass(frozen=True)
class Calls:
    """Each call as steps.

    Parameters
    ----------
    retries
        How often requests are sent.
    """

    retries: Retries

    def _ask(self, call: Call, kind: type[Answered]) -> Steps[Answered]:
        answer = yield from exchange(call, self.retries)
        return answer.parse(kind)

    def _get(self, path: str, kind: type[Answered]) -> Steps[Answered]:
        return (yield from self._ask(Call(method="GET", path=path), kind))

    def _list(self, path: str, kind: type[Item], **query: str | int | None) -> Listing[Item]:
        given = {name: str(value) for name, value in query.items() if value is not None}
        return Listing(Call(method="GET", path=path, query=given), kind, self.retries)

    # Datasets

    def validate_dataset(self, source: Source) -> Steps[models.SourceReport]:
        """Return what a source holds."""
        body = {"source": (yield from self._source(source))}
        call = Call(method="POST", path="/v1/datasets:validate", json=body, is_repeatable=True)
        return (yield from self._ask(call, models.SourceReport))

    def register_dataset(
        self,
        name: str,
        source: Source,
        vectors: Content | None,
        wait: bool,  # noqa: FBT001 as the clients pass it on
        options: Mapping[str, Any],
    ) -> Steps[models.Dataset]:
        """Register a source, send its vectors where there are any, and wait if that is wanted."""
        asked, waiting = _apart(options)
        content = None if vectors is None else file_or_bytes(vectors)
        body = {"name": name, "source": (yield from self._source(source)), **_given(asked)}
        if content is not None:
            body["features"] = {**(asked.get("features") or {}), "backbone": "precomputed"}
        answer = yield from exchange(_create("/v1/datasets", body), self.retries)
        dataset = answer.parse(models.RegisteredDataset).dataset
        if content is not None:
            dataset = yield from self.put_vectors(dataset, content)
        if not wait or dataset.status == "awaiting_vectors":
            return dataset
        return (yield from self.wait_until_ready(dataset, **waiting))

    def put_vectors(self, dataset: Named, vectors: Content) -> Steps[models.Dataset]:
        """Send vectors; the same ones again change nothing."""
        content = file_or_bytes(vectors)
        parquet = {"Content-Type": "application/vnd.apache.parquet"}
        call = Call(
            method="PUT",
            path=path_of("/v1/datasets/{dataset_id}/vectors", dataset_id=dataset),
            upload=content,
            headers=parquet if begins_with(content, _PARQUET) else _BINARY,
        )
        return (yield from self._ask(call, models.RegisteredDataset)).dataset

    def wait_until_ready(
        self, dataset: Named, *, timeout_s: float | None = None, progress: Progress | None = None
    ) -> Steps[models.Dataset]:
        """Wait for the operation that makes a dataset ready."""
        found = yield from self.get_dataset(dataset)
        if found.status == "awaiting_vectors":
            rule = f"Dataset {found.id!r} waits for its vectors; upload them first."
            raise InvalidArgumentError(rule)
        if found.status not in {"ready", "failed"} and found.operation_id:
            yield from self.wait(found.operation_id, timeout_s=timeout_s, progress=progress)
            found = yield from self.get_dataset(dataset)
        if found.status != "ready":
            detail = f"Dataset {found.id!r} is not ready: {found.error or found.status}"
            raise SeedalError(detail)
        return found

    def get_dataset(self, dataset: Named) -> Steps[models.Dataset]:
        """Return a dataset."""
        return self._get(path_of("/v1/datasets/{dataset_id}", dataset_id=dataset), models.Dataset)

    def delete_dataset(self, dataset: Named) -> Steps[None]:
        """Delete a dataset; an attempt whose answer was lost counts."""
        path = path_of("/v1/datasets/{dataset_id}", dataset_id=dataset)
        try:
            yield from exchange(Call(method="DELETE", path=path), self.retries)
        except NotFoundError as error:
            if not error.was_sent_before:
                raise

    def list_datasets(self, page_size: int | None) -> Listing[models.Dataset]:
        """List datasets."""
        return self._list("/v1/datasets", models.Dataset, page_size=page_size)

    def list_scenes(self, dataset: Named, page_size: int | None) -> Listing[models.Scene]:
        """List scenes."""
        path = path_of("/v1/datasets/{dataset_id}/scenes", dataset_id=dataset)
        return self._list(path, models.Scene, page_size=page_size)

    def get_scene(self, dataset: Named, scene_id: str) -> Steps[models.Scene]:
        """Return a scene."""
        template = "/v1/datasets/{dataset_id}/scenes/{scene_id}"
        return self._get(path_of(template, dataset_id=dataset, scene_id=scene_id), models.Scene)

    # Uploads

    def _source(self, source: Source) -> Steps[Mapping[str, object]]:
        """Return a source as the service takes it; a local file is uploaded."""
        if isinstance(source, Mapping):
            return source
        if isinstance(source, str):
            return {"kind": "manifest", "uri": source}
        if isinstance(source, PathLike):
            manifest = yield from self.upload_manifest(source)
            return {"kind": "manifest", "uri": manifest.uri}
        return {"kind": "inline", "scenes": list(source)}

    def upload_manifest(self, manifest: Content) -> Steps[models.UploadedManifest]:
        """Send a manifest; the same one again changes nothing."""
        return self._upload("/v1/manifests", file_or_bytes(manifest), models.UploadedManifest)

    def upload_hint(self, archive: Content) -> Steps[models.UploadedHint]:
        """Send a hint; the same one again changes nothing."""
        return self._upload("/v1/hints", file_or_bytes(archive), models.UploadedHint)

    def _upload(self, path: str, content: bytes | Path, kind: type[Answered]) -> Steps[Answered]:
        call = Call(
            method="POST", path=path, upload=content, headers=_BINARY, is_repeatable=True
        )  # what is uploaded is named by its content
        return self._ask(call, kind)

    # Seeds and frontiers

    def start_seed(
        self, dataset: Named, budget: BudgetLike, *, at_once: bool, question: Mapping[str, Any]
    ) -> Steps[models.Seed | models.Operation]:
        """Ask; return the seed, or the operation that will have it."""
        path = path_of("/v1/datasets/{dataset_id}/seeds", dataset_id=dataset)
        body = {"budget": parse_budget(budget), **_given(question)}
        prefer = {"Prefer": "respond-async"} if at_once else {}
        answer = yield from exchange(_create(path, body, **prefer), self.retries)
        if answer.status == HTTPStatus.ACCEPTED:
            return answer.parse(models.Operation)
        return answer.parse(models.Seed)

    def create_seed(
        self, dataset: Named, budget: BudgetLike, question: Mapping[str, Any]
    ) -> Steps[models.Seed]:
        """Ask, and wait for the seed."""
        asked, waiting = _apart(question)
        found = yield from self.start_seed(dataset, budget, at_once=False, question=asked)
        if isinstance(found, models.Seed):
            return found
        ended = yield from self.wait(found, **waiting)
        return (yield from self.get_seed(_result(ended, ended.seed_id)))

    def get_seed(self, seed: Named) -> Steps[models.Seed]:
        """Return a seed."""
        return self._get(path_of("/v1/seeds/{seed_id}", seed_id=seed), models.Seed)

    def list_seeds(self, dataset: Named, page_size: int | None) -> Listing[models.SeedSummary]:
        """List seeds."""
        path = path_of("/v1/datasets/{dataset_id}/seeds", dataset_id=dataset)
        return self._list(path, models.SeedSummary, page_size=page_size)

    def list_objectives(self) -> Steps[tuple[models.Objective, ...]]:
        """List objectives."""
        return (yield from self._get("/v1/objectives", models.Objectives)).items

    def create_frontier(
        self,
        dataset: Named,
        budgets: Sequence[BudgetLike] | Mapping[str, float],
        *,
        nested: bool,
        question: Mapping[str, Any],
    ) -> Steps[models.Frontier]:
        """Ask about many budgets, and wait."""
        asked, waiting = _apart(question)
        path = path_of("/v1/datasets/{dataset_id}/frontiers", dataset_id=dataset)
        several = budgets if isinstance(budgets, Mapping) else [*map(parse_budget, budgets)]
        body = {"budgets": several, "nested": nested, **_given(asked)}
        answer = yield from exchange(_create(path, body), self.retries)
        if answer.status != HTTPStatus.ACCEPTED:
            return answer.parse(models.Frontier)
        ended = yield from self.wait(answer.parse(models.Operation), **waiting)
        return (yield from self.get_frontier(_result(ended, ended.frontier_id)))

    def get_frontier(self, frontier: Named) -> Steps[models.Frontier]:
        """Return a frontier."""
        path = path_of("/v1/frontiers/{frontier_id}", frontier_id=frontier)
        return self._get(path, models.Frontier)

    def download(self, path: str, into: str | PathLike[str], **query: str) -> Steps[Path]:
        """Write what a path has into a file."""
        place = target(into)
        yield from exchange(Call(method="GET", path=path, query=query, into=place), self.retries)
        return place

    # Labels

    def record_labels(
        self, dataset: Named, events: Iterable[Mapping[str, object]]
    ) -> Steps[models.LabelsReport]:
        """Send events, as many at once as the service takes; the same ones again say the same."""
        path = path_of("/v1/datasets/{dataset_id}/labels", dataset_id=dataset)
        reports: list[models.LabelsReport] = []
        rest = iter(events)
        while batch := [*islice(rest, _MOST_EVENTS)]:
            call = Call(method="POST", path=path, json={"events": batch}, is_repeatable=True)
            reports.append((yield from self._ask(call, models.LabelsReport)))
        if not reports:
            rule = "There are no label events to record."
            raise InvalidArgumentError(rule)
        unknown = {name for report in reports for name in report.unknown}
        sums = {
            "accepted": sum(report.accepted for report in reports),
            "duplicates": sum(report.duplicates for report in reports),
            "unknown": tuple(sorted(unknown)),
        }
        return reports[-1].model_copy(update=sums)

    def list_labels(
        self, dataset: Named, state: str | None, page_size: int | None
    ) -> Listing[models.LabelledScene]:
        """List the scenes of which something is said."""
        path = path_of("/v1/datasets/{dataset_id}/labels", dataset_id=dataset)
        return self._list(path, models.LabelledScene, state=state, page_size=page_size)

    def summarize_labels(self, dataset: Named) -> Steps[models.LabelSummary]:
        """Return how far a dataset is labelled."""
        path = path_of("/v1/datasets/{dataset_id}/labels", dataset_id=dataset)
        call = Call(method="GET", path=path, query={"page_size": "1"})
        return self._ask(call, models.LabelSummary)

    # Operations

    def get_operation(self, operation: Named) -> Steps[models.Operation]:
        """Return an operation."""
        path = path_of("/v1/operations/{operation_id}", operation_id=operation)
        return self._get(path, models.Operation)

    def cancel_operation(self, operation: Named) -> Steps[models.Operation]:
        """Cancel an operation; again, it changes nothing."""
        path = path_of("/v1/operations/{operation_id}:cancel", operation_id=operation)
        call = Call(method="POST", path=path, is_repeatable=True)
        return self._ask(call, models.Operation)

    def wait(
        self, operation: Named, *, timeout_s: float | None = None, progress: Progress | None = None
    ) -> Steps[models.Operation]:
        """Ask for an operation as often as the service wants, until it has ended."""
        path = path_of("/v1/operations/{operation_id}", operation_id=operation)
        began = time.monotonic()
        while True:
            answer = yield from exchange(Call(method="GET", path=path), self.retries)
            found = answer.parse(models.Operation)
            if progress is not None:
                progress(found)
            if found.finished_at is not None:
                return _succeeded(found)
            pause_s = answer.retry_after_s or 1.0
            if timeout_s is not None and time.monotonic() - began + pause_s > timeout_s:
                raise WaitTimeoutError(found)
            yield Pause(pause_s)


def _create(path: str, body: object, **headers: str) -> Call:
    """Return a POST that does its work once, however often it is sent."""
    key = {"Idempotency-Key": str(uuid.uuid4())}
    return Call(method="POST", path=path, json=body, headers={**key, **headers}, is_repeatable=True)


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _apart(options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what goes into the question, and how its answer is waited for."""
    waiting = {name: options[name] for name in Waiting.__annotations__ if name in options}
    return {name: options[name] for name in options if name not in waiting}, waiting


def _succeeded(operation: models.Operation) -> models.Operation:
    if operation.status != "succeeded":
        raise OperationFailedError(operation)
    return operation


def _result(operation: models.Operation, name: str | None) -> str:
    if name is None:
        detail = f"Operation {operation.id} succeeded, but names no result."
        raise UnexpectedAnswerError(detail)
    return name
