"""Vision transformers (DINO, DINOv2, DINOv3, and others) as timm builds them.

From the checkpoints that vision transformers are published in to timm's names and shapes.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from timm.models import eva, vision_transformer
from torch import Tensor, nn

from features.backbones.catalogue import split_block
from features.backbones.checkpoints import load_state, read_state
from features.backbones.compute import CLS, PATCHES, Compute, Token
from features.backbones.device import arithmetic, pick_device, to_input, within_memory
from features.backbones.identity import Identity
from features.backbones.precision import resolve_precision
from features.backbones.protocol import from_maps
from features.backbones.timm_models import build, published
from features.errors import BackboneError

_HEADS: Final = frozenset({"head", "head_dist", "dino_head", "ibot_head", "attn_pool"})
"""Modules after the backbone: what it was trained with, not what it is."""

_CHUNK: Final = re.compile(r"^blocks\.\d+\.(\d+)\.")
_BIAS: Final = ".attn.qkv.bias"
_PATCHES: Final = "patch_embed.proj.weight"


def to_timm(state: Mapping[str, Tensor], network: Any) -> dict[str, Tensor]:  # noqa: ANN401  timm's networks carry no type information
    """Convert a checkpoint to the names and shapes of timm's network.

    timm's own converters do it, as they do for the weights that timm publishes: they rename, and
    resample positions that were trained at another image size. Here, before that, training heads
    are dropped and FSDP's chunks of blocks are flattened. A checkpoint of another patch size is
    returned as it is: to resample its patches would let the wrong weights pass.

    Parameters
    ----------
    state
        Name to tensor, in timm's names or those of the official releases of DINO, DINOv2, DINOv3.
    network
        From :func:`features.backbones.timm_models.build`.

    Returns
    -------
    dict[str, Tensor]
        What does not belong to the network is kept, to be reported.
    """
    known = network.state_dict()
    modules = {key.partition(".")[0] for key in known}
    dropped = _HEADS - modules
    kept = {
        _CHUNK.sub(r"blocks.\1.", key): tensor
        for key, tensor in state.items()
        if key.partition(".")[0] not in dropped
    }
    patches = kept.get(_PATCHES)
    if patches is None or patches.shape[-2:] != known[_PATCHES].shape[-2:]:
        return kept
    if isinstance(network, vision_transformer.VisionTransformer):
        return dict(vision_transformer.checkpoint_filter_fn(kept, network))
    biases = _without_biases(kept, network)
    return dict(eva.checkpoint_filter_fn(kept, network)) | biases


def _without_biases(state: dict[str, Tensor], network: Any) -> dict[str, Tensor]:  # noqa: ANN401  see above
    """Take DINOv3's biases of queries and values out where the network has none.

    timm has two networks for them, and its converter drops the biases for one of them whatever
    they are. Here only zeros are dropped; the others are returned, to be reported as unknown. The
    biases of keys are masked out in DINOv3, and may be anything.
    """
    if getattr(network.blocks[0].attn, "q_bias", None) is not None:
        return {}
    biases = {key: state.pop(key) for key in list(state) if key.endswith(_BIAS)}
    return {
        key: bias
        for key, bias in biases.items()
        if any(part.count_nonzero() for part in bias.chunk(3)[::2])
    }


def _end_at_block(network: Any, name: str) -> None:  # noqa: ANN401  see above
    """Take off what lies behind the block that a name ends with."""
    architecture, block = split_block(name)
    if block is None:
        return
    if block >= len(network.blocks):
        message = f"{name}: {architecture} has blocks 0 to {len(network.blocks) - 1}"
        raise BackboneError(message)
    del network.blocks[block + 1 :]
    network.norm = network.fc_norm = nn.Identity()


class _KeysSeenError(Exception):
    """The keys are known; the rest of the network would be computed for nothing."""


class TimmVit:
    """A vision transformer.

    ``cls`` is the class token after the final norm. A network without a class token, or whose final
    norm lies behind its pooling, gives what it pools itself (mostly the mean of its patches).

    ``patch_keys`` are the keys of the last block's attention, heads side by side, for the patch
    tokens alone (class and register tokens are dropped). Where positions are rotary (DINOv3) the
    keys are taken before the rotation: what a patch shows, not where it lies. Where an attention
    normalises its keys, they are taken after that.

    A network that ends at an earlier block (``NAME@N``) has neither the blocks behind it nor the
    final norm: ``cls`` and ``patches`` are what block N puts out, ``patch_keys`` the keys of its
    attention.

    Parameters
    ----------
    identity
        A name that :func:`features.backbones.timm_models.published` knows, and a weights file.
    compute
        Where and how it computes.

    Raises
    ------
    BackboneError
        The name is no vision transformer, it has no such block, or the device is not available.
    WeightsError
        The weights cannot be read or do not fit.
    """

    def __init__(self, identity: Identity, compute: Compute) -> None:
        self.name = identity.name
        self.weights_id = identity.weights_id
        self._device = pick_device(compute.device)
        self._precision = resolve_precision(self.name, compute)
        self._normalisation = published(self.name)
        network = build(self.name)
        file = identity.require_file()
        load_state(network, to_timm(read_state(file), network), self.name, file)
        self._pools = network.cls_token is None or not isinstance(network.fc_norm, nn.Identity)
        _end_at_block(network, self.name)
        self._network = network.eval().to(self._device)
        self.dim = int(network.num_features)
        if compute.compiled:
            # Equal blocks are compiled once. The last stays as it is, for keys are taken from it.
            for block in network.blocks[:-1]:
                block.compile()

    def encode(self, pixels: NDArray[np.uint8], token: Token) -> NDArray[np.float32]:
        """Encode a batch; see :meth:`features.backbones.protocol.Backbone.encode`.

        Parameters
        ----------
        pixels : (n, 224, 224, 3) uint8
        token

        Returns
        -------
        (n, t, d) float32
            For ``patch_keys`` and ``patches``, t is (224 / patch size) squared.

        Raises
        ------
        BatchTooLargeError
            The device has not enough memory for the batch.
        """
        if token == PATCHES:
            return from_maps(self.maps(pixels), (self.dim,))

        def work() -> NDArray[np.float32]:
            with arithmetic(self._device, self._precision):
                config = self._normalisation
                batch = to_input(pixels, config.mean, config.std, self._device)
                vectors = self._cls(batch) if token == CLS else self._keys(batch)
                return vectors.float().cpu().numpy()

        return within_memory(work, self._device)

    def maps(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Describe cells; see :meth:`features.backbones.protocol.Backbone.maps`.

        The patch tokens after the final norm (before it, in a network that pools first).

        Parameters
        ----------
        pixels : (n, 224, 224, 3) uint8

        Returns
        -------
        (n, s, s, d) float32
            s is 224 / patch size.

        Raises
        ------
        BatchTooLargeError
            The device has not enough memory for the batch.
        """

        def work() -> NDArray[np.float32]:
            with arithmetic(self._device, self._precision):
                config = self._normalisation
                batch = to_input(pixels, config.mean, config.std, self._device)
                tokens: Tensor = self._network.forward_features(batch)
                patches = tokens[:, self._network.num_prefix_tokens :].float()
                rows, columns = self._network.patch_embed.grid_size
                return patches.reshape(len(pixels), rows, columns, -1).cpu().numpy()

        return within_memory(work, self._device)

    def _cls(self, batch: Tensor) -> Tensor:
        tokens: Tensor = self._network.forward_features(batch)
        if self._pools:
            pooled: Tensor = self._network.forward_head(tokens, pre_logits=True)
            return pooled[:, None]
        return tokens[:, :1]

    def _keys(self, batch: Tensor) -> Tensor:
        keys: list[Tensor] = []

        def stop(_module: object, _args: object, output: Tensor) -> None:
            keys.append(output)
            raise _KeysSeenError

        # Every attention of timm passes its keys, (n, heads, tokens, d / heads), through k_norm
        # before it rotates them; most have an identity there.
        attention: Any = self._network.blocks[-1].attn
        handle = attention.k_norm.register_forward_hook(stop)
        try:
            with suppress(_KeysSeenError):
                self._network.forward_features(batch)
        finally:
            handle.remove()
        patches = keys[0][:, :, self._network.num_prefix_tokens :]
        return patches.transpose(1, 2).flatten(2)
