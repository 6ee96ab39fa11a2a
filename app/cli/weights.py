"""``seedal weights``: get the weights of a backbone, and find out whether they work here."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from app.cli.terminal import answer, answer_json
from features.backbones import Compute, Identity, identify, open_backbone, resolve_precision
from features.backbones.compute import PATCH_KEYS
from features.backbones.protocol import SIZE
from features.errors import BackboneError, WeightsError


def _file(identity: Identity) -> str | None:
    return None if identity.weights_file is None else str(identity.weights_file)


def _report(facts: Mapping[str, str | int | None], *, as_json: bool) -> None:
    if as_json:
        answer_json(facts)
        return
    width = max(map(len, facts))
    for name, value in facts.items():
        answer(f"{name:<{width}}  {'none' if value is None else value}")


def fetch(name: str, *, as_json: bool) -> None:
    """Download the weights of a backbone where they are not cached, and print where they lie.

    Parameters
    ----------
    name
        A backbone's name.
    as_json
        Print JSON.

    Raises
    ------
    BackboneError
        The name is unknown, or the backbone has no weights.
    WeightsError
        The weights cannot be fetched.
    """
    identity = identify(name)
    if identity.parts:
        message = f"{name}: ask for one network at a time"
        raise BackboneError(message)
    if identity.weights_file is None:
        message = f"{name} has no weights, so there is nothing to fetch"
        raise BackboneError(message)
    facts = {"backbone": name, "file": _file(identity), "sha256": identity.weights_id}
    _report(facts, as_json=as_json)


def check(
    name: str, *, weights: Path | None, sha256: str | None, compute: Compute, as_json: bool
) -> None:
    """Load a backbone and encode one image, and print what it is.

    Parameters
    ----------
    name
        A backbone's name.
    weights
        A checkpoint to load; the installed or published one where None.
    sha256
        What its SHA-256 must be.
    compute
        Where and how to compute.
    as_json
        Print JSON.

    Raises
    ------
    BackboneError
        The backbone is unknown or cannot be used here.
    WeightsError
        The weights cannot be had, have another hash, do not fit, or give no finite vectors.
    """
    identity = identify(name, weights=weights, weights_sha256=sha256)
    backbone = open_backbone(identity, compute)
    image = np.random.default_rng(0).integers(0, 256, (1, SIZE, SIZE, 3), dtype=np.uint8)
    vectors = backbone.encode(image, PATCH_KEYS)
    if not np.isfinite(vectors).all():
        message = f"{name} gives vectors that are not finite with these weights"
        raise WeightsError(message)
    facts = {
        "backbone": name,
        "file": _file(identity),
        "sha256": identity.weights_id,
        "dim": backbone.dim,
        "patches": vectors.shape[1],
        "device": _device(identity, compute),
        "precision": resolve_precision(name, compute),
    }
    _report(facts, as_json=as_json)


def _device(identity: Identity, compute: Compute) -> str:
    if identity.weights_file is None:  # no network, hence no choice
        return "cpu"
    from features.backbones.device import pick_device  # noqa: PLC0415  loads torch

    return str(pick_device(compute.device))
