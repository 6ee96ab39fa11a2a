"""Read a checkpoint without running anything in it, and fit it to its network exactly."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import safetensors.torch
import torch
from torch import Tensor, nn

from features.errors import WeightsError

_CONTAINERS: Final = ("teacher", "state_dict", "model")
_PREFIXES: Final = ("module.", "backbone.")
_SHOWN: Final = 3
_FOREIGN: Final = re.compile(r"Unsupported global: GLOBAL (\S+)")


class _Ignored:
    """Stands for an object of a trainer's; keeps nothing of it."""

    def __init__(self, *_parts: object) -> None:
        pass

    def __setstate__(self, _state: object) -> None:
        pass


_ARGUMENTS: Final = tuple(
    (_Ignored, name)
    for name in (
        "argparse.Namespace",
        "pathlib.PosixPath",
        "pathlib.WindowsPath",
        "pathlib._local.PosixPath",
        "pathlib._local.WindowsPath",
    )
)


def read_state(file: Path) -> dict[str, Tensor]:
    """Read a state dict from ``.safetensors``, or from PyTorch's own format without code in it.

    A state dict inside ``teacher``, ``state_dict`` or ``model`` is taken out, and the prefixes
    ``module.`` and ``backbone.`` of training wrappers are dropped, in whatever order they come.

    Trainers save their arguments beside the tensors: an ``argparse.Namespace``, with paths in it.
    These are read as empty objects of our own, so nothing of theirs is ever made or run. Any other
    object is refused.

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
            with torch.serialization.safe_globals([*_ARGUMENTS]):
                content = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # the readers raise anything on a file that is not theirs
        found = _FOREIGN.search(str(error))
        reason = f"it holds a {found[1]}" if found else type(error).__name__
        message = f"{file}: not a checkpoint of tensors alone ({reason})"
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
    return {_bare(str(key)): value for key, value in content.items()}


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


def _bare(key: str) -> str:
    while key.startswith(_PREFIXES):
        key = key.partition(".")[2]
    return key
