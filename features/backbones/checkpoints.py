"""Read a checkpoint without running anything in it, and fit it to its network exactly."""

from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import safetensors.torch
import torch
from torch import Tensor, nn

from features.errors import WeightsError

_CONTAINERS: Final = ("teacher", "state_dict", "model")
_PREFIXES: Final = ("module.", "backbone.")
_HEADS: Final = ("head.", "head_dist.")
_SHOWN: Final = 3


def read_state(file: Path) -> dict[str, Tensor]:
    """Read a state dict from ``.safetensors``, or from PyTorch's own format without code in it.

    A state dict inside ``teacher``, ``state_dict`` or ``model`` is taken out, and the prefixes
    ``module.`` and ``backbone.`` of training wrappers are dropped, in any order. What was trained
    beside the backbone, or on top of it (``head.``), is dropped too.

    Parameters
    ----------
    file
        The checkpoint.

    Raises
    ------
    WeightsError
        The file is missing, or is not a checkpoint of tensors alone.
    """
    try:
        content: object
        if file.suffix == ".safetensors":
            content = safetensors.torch.load_file(file)
        else:
            # DINO's training checkpoints hold its command line, as a namespace: names and values.
            with torch.serialization.safe_globals([Namespace]):
                content = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # the readers raise anything on a file that is not theirs
        message = f"{file}: not a checkpoint of tensors alone ({type(error).__name__})"
        raise WeightsError(message) from error
    for container in _CONTAINERS:
        if isinstance(content, Mapping) and isinstance(content.get(container), Mapping):
            content = content[container]
    if not isinstance(content, Mapping) or not content:
        message = f"{file}: a checkpoint must hold a mapping of names to tensors"
        raise WeightsError(message)
    wrong = [key for key, value in content.items() if not isinstance(value, Tensor)]
    if wrong:
        message = f"{file}: {wrong[0]!r} is not a tensor"
        raise WeightsError(message)
    return _backbone_of({str(key): value for key, value in content.items()})


def load_state(network: nn.Module, state: Mapping[str, Tensor], name: str, file: Path) -> None:
    """Copy a state dict into a network that has exactly its names and shapes.

    Parameters
    ----------
    network
        Filled in place.
    state
        Name to tensor.
    name, file
        The backbone and the checkpoint, for the message.

    Raises
    ------
    WeightsError
        A name is missing or unknown, or a shape differs.
    """
    expected = network.state_dict()
    missing = [key for key in expected if key not in state]
    unknown = [key for key in state if key not in expected]
    reshaped = [
        f"{key} is {tuple(state[key].shape)} instead of {tuple(tensor.shape)}"
        for key, tensor in expected.items()
        if key in state and state[key].shape != tensor.shape
    ]
    differences = [
        f"{len(found)} {what} ({', '.join(found[:_SHOWN])}{', ...' if found[_SHOWN:] else ''})"
        for what, found in (
            ("missing", missing),
            ("unknown", unknown),
            ("of another shape", reshaped),
        )
        if found
    ]
    if differences:
        message = f"{file} does not match {name}: of its tensors {'; '.join(differences)}"
        raise WeightsError(message)
    network.load_state_dict(dict(state))


def _backbone_of(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the backbone's tensors under their bare names."""
    paths = {key: _split(key) for key in state}
    beside = any("backbone." in prefixes for prefixes, _ in paths.values())
    return {
        name: state[key]
        for key, (prefixes, name) in paths.items()
        if not name.startswith(_HEADS) and (not beside or "backbone." in prefixes)
    }


def _split(key: str) -> tuple[list[str], str]:
    """Split a key into the prefixes of training wrappers and the bare name."""
    prefixes = []
    while found := next((prefix for prefix in _PREFIXES if key.startswith(prefix)), ""):
        prefixes.append(found)
        key = key.removeprefix(found)
    return prefixes, key
