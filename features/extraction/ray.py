"""Extract shards on a Ray cluster: an actor with a network for each GPU, one shard at a time.

Actors publish the same blocks under the same names in the same data directory, which they share, as
a local run does. The caller looks for the blocks afterwards, so an actor that dies costs
time and never a result: Ray gives its shard to another, and what Ray gives up is computed locally.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from features.backbones.loading import open_backbone
from features.errors import BackboneError
from features.extra import features_extra
from features.extraction.blocks import BlockStore
from features.extraction.extractor import Extractor, Recipe
from features.extraction.shards import Shard, VectorExtraction
from features.images.decoding import Decoder
from features.settings import FeatureSettings


class ShardActor:
    """What runs on a node of the cluster: a loaded network and the data directory.

    Parameters
    ----------
    recipe, settings
        What to compute and how.
    cache
        The data directory's cache, under the same path on every node.
    """

    def __init__(self, recipe: Recipe, settings: FeatureSettings, cache: Path) -> None:
        backbone = open_backbone(recipe.identity, settings.compute)
        self._extractor = Extractor(recipe, lambda: backbone, settings.batch_size, settings.compute)
        self._store = BlockStore(cache / "vectors")
        self._threads = ThreadPoolExecutor()
        self._decoder = Decoder()

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """Store the vectors of one shard; the answer is how many were computed."""
        shard = tuple(row["uris"])
        extraction = VectorExtraction(
            [shard], self._extractor, self._store, self._decoder, self._threads
        )
        return {"computed": extraction.run(0, lambda _: None)}


def extract_shards(
    shards: Sequence[Shard], recipe: Recipe, settings: FeatureSettings, cache: Path
) -> int:
    """Have the vectors of shards stored by a cluster.

    Parameters
    ----------
    shards
        From :func:`features.extraction.shards.cut_shards`.
    recipe, settings, cache
        See :class:`ShardActor`.

    Returns
    -------
    int
        Number of images that were computed.

    Raises
    ------
    BackboneError
        Ray is not installed, or the cluster could not do it.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is reported to anyone
    with features_extra("extraction on a cluster", extra="ray"):
        import ray  # noqa: PLC0415  not in the base install

    _connect(ray)
    gpus = int(ray.cluster_resources().get("GPU", 0))
    actors = settings.actors or max(1, gpus)
    rows = ray.data.from_items(
        [{"uris": list(shard)} for shard in shards], override_num_blocks=len(shards)
    )
    done = rows.map(
        ShardActor,
        fn_constructor_args=(recipe, settings, cache),
        compute=ray.data.ActorPoolStrategy(size=min(actors, len(shards))),
        num_gpus=1 if gpus else 0,
    )
    try:
        return int(sum(row["computed"] for row in done.iter_rows()))
    except ray.exceptions.RayError as error:
        reason = str(error).strip().partition("\n")[0]
        message = f"the Ray cluster could not extract {len(shards)} shards: {reason}"
        raise BackboneError(message) from error


def _connect(ray: Any) -> None:  # noqa: ANN401  an extra's module
    """Join the cluster that RAY_ADDRESS names, or start one on this machine."""
    if not ray.is_initialized():
        here = {} if "RAY_ADDRESS" in os.environ else {"_node_ip_address": "127.0.0.1"}
        ray.init(include_dashboard=False, configure_logging=False, log_to_driver=False, **here)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
