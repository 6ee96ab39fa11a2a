"""A FiftyOne operator that asks a SeedAL service which samples to label first.

It sends the samples' files, or their embeddings where a field has them, and writes the answer back:
``seedal_rank`` on each chosen sample, a tag, and a saved view in rank order.
"""

import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from seedal_client import Client

import fiftyone as fo
import fiftyone.operators as foo
from fiftyone import ViewField as F
from fiftyone.operators import types

RANK = "seedal_rank"
TAG = "seedal"
_URL = "http://127.0.0.1:8000"
_ONE_EACH = "one each"


@dataclass(frozen=True)
class Choice:
    """What is asked.

    Parameters
    ----------
    budget
        A number, or a share of what everything costs: ``10%``.
    cost
        Field with what a sample costs; 1 each where not given.
    embeddings
        Field with a vector of each sample; where not given, the service reads the files.
    labelled
        Tag of samples that are labelled already: they count, are paid, and are not chosen.
    objective
        Of the service.
    """

    budget: str = "10%"
    cost: str | None = None
    embeddings: str | None = None
    labelled: str = "labelled"
    objective: str = "recommended"


def choose(samples: Any, client: Client, choice: Choice) -> Any:
    """Choose among the samples of a dataset or a view; return the saved view of the chosen ones.

    A group of slices is one scene, and its images are the slices' that are images.

    Raises
    ------
    seedal_client.SeedalError
        The service refuses, or cannot be reached; its sentence says why.
    ValueError
        A field is missing on a sample.
    """
    scenes = list(_scenes(samples, choice))
    manifest = "".join(f"{json.dumps(record)}\n" for record in scenes).encode()
    root = getattr(samples, "_dataset", samples)
    uploaded = client.upload_manifest(manifest)
    # The same samples have the same manifest, and what is uploaded is named by its content.
    name = f"FiftyOne {root.name[:100]} {choice.embeddings or 'images'} {uploaded.uri[-16:]}"
    dataset = _known(client, name)
    if dataset is None:
        dataset = client.register_dataset(
            name,
            {"kind": "manifest", "uri": uploaded.uri},
            vectors=None if choice.embeddings is None else _vectors(samples, choice.embeddings),
        )
    client.wait_until_ready(dataset)
    seed = client.create_seed(
        dataset,
        choice.budget,
        objective=choice.objective,
        constraints={"labelled": [_id(s) for s in _leaders(samples) if choice.labelled in s.tags]},
    )
    return _write(root, seed.id, {scene.scene_id: scene.rank for scene in seed.scenes})


def _known(client: Client, name: str) -> Any:
    """Return the dataset of an earlier choice among the very same samples, where it is ready."""
    for dataset in client.list_datasets():
        if dataset.name == name and dataset.status == "ready":
            return dataset
    return None


def _is_grouped(samples: Any) -> bool:
    return samples.media_type == "group"


def _leaders(samples: Any) -> Iterable[Any]:
    """Return one sample of each scene."""
    return samples


def _id(sample: Any) -> str:
    group = next((v for n, v in _groups(sample)), None)
    return str(sample.id if group is None else group.id)


def _groups(sample: Any) -> Iterator[tuple[str, Any]]:
    for name in sample.field_names:
        value = sample[name]
        if isinstance(value, fo.Group):
            yield name, value


def _scenes(samples: Any, choice: Choice) -> Iterator[dict[str, Any]]:
    """Yield the record of each scene, as a manifest has it."""
    groups = samples.iter_groups() if _is_grouped(samples) else ({"": one} for one in samples)
    for slices in groups:
        leader = next(iter(slices.values()))
        cost = 1.0 if choice.cost is None else leader[choice.cost]
        if cost is None:
            message = f"Sample {leader.id} has no {choice.cost}, which says what it costs."
            raise ValueError(message)
        images = [
            {"uri": one.filepath, **({"sensor": name} if name else {})}
            for name, one in slices.items()
            if one.media_type == "image"
        ]
        yield {
            "scene_id": _id(leader),
            "cost": float(cost),
            "images": images if choice.embeddings is None else [],
            "external_ids": {"fiftyone": str(leader.id)},
        }


def _vectors(samples: Any, field: str) -> bytes:
    """Return the samples' vectors as the service takes them."""
    ids, vectors = [], []
    for sample in _leaders(samples):
        vector = sample[field]
        if vector is None:
            message = f"Sample {sample.id} has no {field}, which has its embedding."
            raise ValueError(message)
        ids.append(_id(sample))
        vectors.append(np.asarray(vector, np.float32).ravel())
    stream = io.BytesIO()
    np.savez(stream, scene_ids=np.array(ids), vectors=np.stack(vectors))
    return stream.getvalue()


def _write(dataset: Any, seed_id: str, ranks: Mapping[str, int]) -> Any:
    """Write ranks and tags on every slice, in place of an earlier choice's; save the view."""
    every = dataset.select_group_slices() if _is_grouped(dataset) else dataset.view()
    if RANK not in dataset.get_field_schema():
        dataset.add_sample_field(RANK, fo.IntField)
    every.match(F(RANK) != None).set_field(RANK, None).save()  # noqa: E711 FiftyOne's expression
    every.untag_samples(TAG)
    found = {sample.id: ranks[_id(sample)] for sample in every if _id(sample) in ranks}
    dataset.set_values(RANK, found, key_field="id")
    every.select(list(found)).tag_samples(TAG)
    names = sorted(ranks, key=ranks.__getitem__)
    if _is_grouped(dataset):
        view = dataset.select_groups(names, ordered=True)
    else:
        view = dataset.select(names, ordered=True)
    name = f"seedal-{seed_id[-6:]}"
    dataset.save_view(name, view, description="What to label first, in order.", overwrite=True)
    return dataset.load_saved_view(name)


class ChooseSeed(foo.Operator):
    """Asks for a budget in the App, and shows what it buys."""

    @property
    def config(self) -> foo.OperatorConfig:
        """Name the operator."""
        return foo.OperatorConfig(
            name="choose_seed",
            label="SeedAL: choose what to label first",
            dynamic=True,
            allow_delegated_execution=True,
            allow_immediate_execution=True,
        )

    def resolve_input(self, ctx: Any) -> types.Property:
        """Describe the form."""
        schema = ctx.dataset.get_field_schema(flat=True)
        numbers = [n for n, f in schema.items() if isinstance(f, fo.FloatField | fo.IntField)]
        arrays = [n for n, f in schema.items() if isinstance(f, fo.VectorField)]
        form = types.Object()
        form.str("budget", label="Budget", default="10%", required=True,
                 description="A number, or a share of what everything costs")  # fmt: skip
        form.enum("cost", [_ONE_EACH, *numbers], label="Cost of a sample", default=_ONE_EACH)
        form.enum("embeddings", ["", *arrays], label="Embeddings", default="",
                  description="A field with vectors; else the service reads the files")  # fmt: skip
        form.str("labelled", label="Tag of labelled samples", default="labelled")
        form.bool("view_only", label="Only the current view", default=False)
        return types.Property(form, view=types.View(label="Choose what to label first"))

    def execute(self, ctx: Any) -> dict[str, Any]:
        """Choose, and show the view."""
        url = ctx.secrets.get("SEEDAL_URL") or os.environ.get("SEEDAL_URL") or _URL
        key = ctx.secrets.get("SEEDAL_KEY") or os.environ.get("SEEDAL_KEY")
        cost = ctx.params.get("cost")
        choice = Choice(
            budget=str(ctx.params.get("budget", "10%")),
            cost=None if cost in {None, _ONE_EACH} else cost,
            embeddings=ctx.params.get("embeddings") or None,
            labelled=ctx.params.get("labelled") or "labelled",
        )
        with Client(url, key) as client:
            samples = ctx.view if ctx.params.get("view_only") else ctx.dataset
            view = choose(samples, client, choice)
        ctx.ops.set_view(name=view.name)
        return {"view": view.name, "chosen": len(view)}

    def resolve_output(self, _: Any) -> types.Property:
        """Describe the answer."""
        shown = types.Object()
        shown.str("view", label="Saved view")
        shown.int("chosen", label="Samples chosen")
        return types.Property(shown)


def register(plugin: Any) -> None:
    """Give FiftyOne the operator."""
    plugin.register(ChooseSeed)
