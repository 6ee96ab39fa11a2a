"""From the checkpoints that vision transformers are published in to timm's names and shapes."""

import re
from collections.abc import Mapping
from typing import Any, Final

from timm.models import eva, vision_transformer
from torch import Tensor

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
