"""EfficientNet-Lite0 with ImageNet weights that come with an installed package: no network needed.

The weights are those of TensorFlow's release, which normalises pixels by ``(x - 127) / 128``. On
real street photographs that gives the most confident classes (lowest mean entropy; ImageNet's mean
and deviation give less confident and less fitting ones), so it is what is used here.
"""

from typing import Any, Final

import numpy as np
import timm
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from features.backbones.checkpoints import load_state, read_state
from features.backbones.compute import CLS, PATCHES, Compute, Token
from features.backbones.device import arithmetic, pick_device, to_input, within_memory
from features.backbones.identity import Identity
from features.backbones.precision import resolve_precision
from features.backbones.protocol import from_maps

_MEAN: Final = (127 / 255,) * 3
_STD: Final = (128 / 255,) * 3

_MAP: Final = 28
_MAP_STAGES: Final = (2, 4, 6)
_MAP_CHANNELS: Final = (40, 112, 320)
"""Stages that a cell is described by: the last ones of strides 8, 16 and 32."""

# Names of the package efficientnet-lite-pytorch to those of timm's tf_efficientnet_lite0.
_TOP: Final = {
    "_conv_stem": "conv_stem",
    "_bn0": "bn1",
    "_conv_head": "conv_head",
    "_bn1": "bn2",
    "_fc": "classifier",
}
_FIRST_BLOCK: Final = {
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn1",
    "_project_conv": "conv_pw",
    "_bn2": "bn2",
}
_OTHER_BLOCKS: Final = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}


class EfficientnetLite:
    """EfficientNet-Lite0: ``cls`` is the mean of the last feature map, ``patch_keys`` its cells.

    Parameters
    ----------
    identity
        The weights file, in the naming of the package ``efficientnet-lite-pytorch``.
    compute
        Where and how it computes.

    Raises
    ------
    BackboneError
        The device is not available.
    WeightsError
        The weights cannot be read or do not fit.
    """

    def __init__(self, identity: Identity, compute: Compute) -> None:
        self.name = identity.name
        self.weights_id = identity.weights_id
        self._device = pick_device(compute.device)
        self._precision = resolve_precision(self.name, compute)
        # timm's networks carry no type information.
        network: Any = timm.create_model("tf_efficientnet_lite0")
        depths = [len(stage) for stage in network.blocks]
        file = identity.require_file()
        state = rename(read_state(file), depths)
        load_state(network, state, self.name, file)
        # With the channels of a pixel side by side a CPU gets through twice as many images.
        network = network.eval().to(self._device, memory_format=torch.channels_last)
        features = network.forward_features
        self._features = torch.compile(features) if compute.compiled else features
        self._network = network
        self.dim = int(network.num_features)

    def encode(self, pixels: NDArray[np.uint8], token: Token) -> NDArray[np.float32]:
        """Encode a batch; see :meth:`features.backbones.protocol.Backbone.encode`.

        Parameters
        ----------
        pixels : (n, 224, 224, 3) uint8
        token

        Returns
        -------
        (n, 1, 1280) or (n, 49, 1280) float32; (n, 784, 472) for ``patches``

        Raises
        ------
        BatchTooLargeError
            The device has not enough memory for the batch.
        """
        if token == PATCHES:
            return from_maps(self.maps(pixels), _MAP_CHANNELS)

        def work() -> NDArray[np.float32]:
            with arithmetic(self._device, self._precision):
                batch = to_input(pixels, _MEAN, _STD, self._device)
                positions = self._features(batch).float().flatten(2).transpose(1, 2)
                pooled = token == CLS
                vectors: Tensor = positions.mean(dim=1, keepdim=True) if pooled else positions
                return vectors.cpu().numpy()

        return within_memory(work, self._device)

    def maps(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Describe cells; see :meth:`features.backbones.protocol.Backbone.maps`.

        Three depths side by side, as in a hypercolumn (Hariharan et al. 2015): the outputs of
        stages with strides 8, 16 and 32 (40, 112 and 320 channels), interpolated to the finest.

        Parameters
        ----------
        pixels : (n, 224, 224, 3) uint8

        Returns
        -------
        (n, 28, 28, 472) float32

        Raises
        ------
        BatchTooLargeError
            The device has not enough memory for the batch.
        """

        def work() -> NDArray[np.float32]:
            with arithmetic(self._device, self._precision):
                batch = to_input(pixels, _MEAN, _STD, self._device)
                output: Tensor = self._network.bn1(self._network.conv_stem(batch))
                depths = []
                for number, stage in enumerate(self._network.blocks):
                    output = stage(output)
                    if number in _MAP_STAGES:
                        depths.append(_resized(output.float()))
                return torch.cat(depths, dim=1).permute(0, 2, 3, 1).contiguous().cpu().numpy()

        return within_memory(work, self._device)


def _resized(output: Tensor) -> Tensor:
    return functional.interpolate(output, (_MAP, _MAP), mode="bilinear", align_corners=False)


def rename(state: dict[str, Tensor], depths: list[int]) -> dict[str, Tensor]:
    """Rename the tensors of ``efficientnet-lite-pytorch`` to timm's names.

    Parameters
    ----------
    state
        Name to tensor; a name that is not known is kept, for :func:`load_state` to report.
    depths
        Number of blocks per stage: timm counts blocks within stages, the package throughout.
    """
    places = [(stage, block) for stage, depth in enumerate(depths) for block in range(depth)]
    renamed = {}
    for name, tensor in state.items():
        module, *rest = name.split(".")
        new = [_TOP.get(module, module), *rest]
        if module == "_blocks" and rest[0].isdigit() and int(rest[0]) < len(places):
            stage, block = places[int(rest[0])]
            layers = _FIRST_BLOCK if stage == 0 else _OTHER_BLOCKS
            new = ["blocks", str(stage), str(block), layers.get(rest[1], rest[1]), *rest[2:]]
        renamed[".".join(new)] = tensor
    return renamed
