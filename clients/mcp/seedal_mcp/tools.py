"""The six tools: what an assistant may ask, and short answers that it can read.

Names, signatures and docstrings are what the assistant sees; answers hold what it may quote, never
a whole pool. Nothing here deletes or cancels anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import Field
from seedal_client import AsyncClient, Dataset, Seed

MOST_SCENES: Final = 100
"""Scenes that an answer names."""

_MOST_DATASETS: Final = 50

DatasetId = Annotated[str, Field(description="The id that list_datasets gives.")]
SeedId = Annotated[str, Field(description="The id that make_seed gives.")]
Budget = Annotated[str, Field(description="An amount such as '6500000', or a part such as '10%'.")]
State = Literal["queued", "labelled", "skipped", "removed"]


@dataclass(frozen=True)
class Tools:
    """The tools, on a service.

    Parameters
    ----------
    client
        Of the service.
    wait_s
        How long a tool waits for work that goes on without it.
    """

    client: AsyncClient
    wait_s: float = 300.0

    async def list_datasets(self) -> dict[str, Any]:
        """List the pools of scenes, newest first: id, status, scenes, total cost and its unit."""
        found: list[dict[str, Any]] = []
        async for dataset in self.client.list_datasets(page_size=_MOST_DATASETS):
            if len(found) == _MOST_DATASETS:
                return {"datasets": found, "more": True}
            found.append(_dataset(dataset))
        return {"datasets": found, "more": False}

    async def register_dataset(
        self,
        name: str,
        manifest: Annotated[
            str, Field(description="URI of a manifest that the service can read: file://, s3://.")
        ],
    ) -> dict[str, Any]:
        """Register a manifest of scenes and wait until budgets can be asked about it."""
        dataset = await self.client.register_dataset(name, manifest, timeout_s=self.wait_s)
        return _dataset(dataset)

    async def make_seed(
        self,
        dataset_id: DatasetId,
        budget: Budget,
        *,
        after_labels: Annotated[
            bool, Field(description="Next round: labelled scenes count, and are not paid again.")
        ] = False,
        max_scenes: int | None = None,
    ) -> dict[str, Any]:
        """Choose the scenes to annotate first within a budget, in order of rank.

        `gap` is proven: no other choice can be better by more than this part.
        """
        rules: dict[str, Any] = {} if max_scenes is None else {"max_scenes": max_scenes}
        if after_labels:
            rules["labelled_from"] = "ledger"
        seed = await self.client.create_seed(
            dataset_id, budget, constraints=rules, timeout_s=self.wait_s
        )
        return _seed(seed)

    async def explain_seed(self, seed_id: SeedId) -> dict[str, Any]:
        """Explain a seed: what each scene stands for, what nearly was chosen, how it was found."""
        seed = await self.client.get_seed(seed_id)
        chosen = sorted(seed.scenes, key=lambda scene: -scene.represents)[:10]
        return {
            **_seed(seed),
            "stands_for_most": [
                {"scene": scene.scene_id, "represents": scene.represents, "gain": scene.gain}
                for scene in chosen
            ],
            "near_misses": [
                {"scene": miss.scene_id, "cost": miss.cost, "like": miss.represented_by}
                for miss in seed.near_misses
            ],
            "objective": seed.solver.objective,
            "stop_reason": seed.stop_reason,
            "notes": list(seed.solver.notes),
            "recommendation": seed.recommendation,
        }

    async def compare_budgets(
        self,
        dataset_id: DatasetId,
        budgets: Annotated[list[str], Field(min_length=2, max_length=50)],
    ) -> dict[str, Any]:
        """Say what each budget would buy; from the `knee` on, more money buys little."""
        frontier = await self.client.create_frontier(dataset_id, budgets, timeout_s=self.wait_s)
        points = [
            {
                "budget": point.budget.limit,
                "part": point.budget.fraction,
                "scenes": point.scene_count,
                "cost": point.total_cost,
                "worth": point.objective,
                "gap": point.gap,
            }
            for point in frontier.points
        ]
        knee = None if frontier.knee is None else points[frontier.knee]["budget"]
        return {"points": points, "knee": knee}

    async def record_labels(
        self,
        dataset_id: DatasetId,
        scene_ids: Annotated[list[str], Field(min_length=1, max_length=10_000)],
        state: State,
    ) -> dict[str, Any]:
        """Note what happened to scenes; the next round counts what is labelled."""
        events = [{"scene_id": name, "state": state, "source": "mcp"} for name in scene_ids]
        report = await self.client.record_labels(dataset_id, events)
        return {
            "accepted": report.accepted,
            "unknown": [*report.unknown[:MOST_SCENES]],
            "labelled": report.labelled_count,
            "labelled_cost": report.labelled_cost,
        }


NAMES: Final = (
    "list_datasets",
    "register_dataset",
    "make_seed",
    "explain_seed",
    "compare_budgets",
    "record_labels",
)
READING: Final = frozenset({"list_datasets", "explain_seed"})
"""Tools that change nothing."""


def _dataset(dataset: Dataset) -> dict[str, Any]:
    told = {
        "id": dataset.id,
        "name": dataset.name,
        "status": dataset.status,
        "scenes": dataset.usable_scene_count or dataset.scene_count,
        "total_cost": dataset.total_cost,
        "unit": dataset.resource,
        "error": dataset.error,
        "left_out": dataset.left_out_count or None,
    }
    return {name: value for name, value in told.items() if value is not None}


def _seed(seed: Seed) -> dict[str, Any]:
    return {
        "id": seed.id,
        "status": seed.status,
        "gap": seed.gap,
        "budget": seed.budget.limit,
        "unit": seed.budget.resource,
        "total_cost": seed.total_cost,
        "scene_count": len(seed.scenes),
        "scenes": [
            {"rank": scene.rank, "scene": scene.scene_id, "cost": scene.cost}
            for scene in seed.scenes[:MOST_SCENES]
        ],
    }
