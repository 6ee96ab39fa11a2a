"""What timm knows: which names are vision transformers, their weights, and the networks."""

import difflib
from dataclasses import dataclass
from typing import Any, Final

import timm

from features.backbones.catalogue import TIMM_PREFIX, TIMM_VITS, split_block
from features.backbones.protocol import SIZE
from features.errors import BackboneError

_MODULES: Final = ("vision_transformer", "eva")
"""timm's files of plain vision transformers, the second for rotary positions."""

_OWN_WAYS: Final = ("flexivit", "radio")
"""Families whose positions or inputs timm prepares in ways of their own."""

_ATTENTIONS: Final = frozenset({"Attention", "EvaAttention", "AttentionRope"})
"""Attentions with one key per head and token."""

_SHOWN: Final = 3
_NO_KEYS: Final = "{} is none of the plain vision transformers whose keys can be taken here"


@dataclass(frozen=True, slots=True)
class Published:
    """What is published of a network.

    Parameters
    ----------
    repository, file
        Where its weights lie on the hub; None where timm names none.
    mean, std
        Normalisation of its input, per channel, of values in [0, 1].
    """

    repository: str | None
    file: str | None
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


def published(name: str) -> Published:
    """Return what timm knows of a backbone.

    Parameters
    ----------
    name
        A key of :data:`features.backbones.catalogue.TIMM_VITS`, or ``timm/`` and a name of timm's.
        Without a tag (what follows the dot) timm's own choice of weights is meant. A block that
        follows makes no difference: the network and its weights are the same.

    Raises
    ------
    BackboneError
        timm does not know the name, or it is no vision transformer of the kinds supported.
    """
    model = _model(name)
    architecture = model.partition(".")[0]
    if not timm.is_model(model):
        message = f"timm knows no model {model!r}{_near(model, timm.list_pretrained())}"
        raise BackboneError(message)
    plain = any(timm.list_models(architecture, module=module) for module in _MODULES)
    if not plain or any(way in architecture for way in _OWN_WAYS):
        raise BackboneError(_NO_KEYS.format(name))
    try:
        config: Any = timm.get_pretrained_cfg(model)
    except RuntimeError as error:  # the tag is not one of the architecture's
        tagged = timm.list_models(f"{architecture}.*", pretrained=True)
        message = f"timm knows no model {model!r}{_near(model, tagged)}"
        raise BackboneError(message) from error
    return Published(config.hf_hub_id, config.hf_hub_filename, config.mean, config.std)


def build(name: str) -> Any:  # noqa: ANN401  timm's networks carry no type information
    """Build a network for images of 224 x 224 pixels, without a classifier.

    Parameters
    ----------
    name
        As for :func:`published`.

    Returns
    -------
    timm.models.vision_transformer.VisionTransformer or timm.models.eva.Eva
        With random weights. The last block's attention has one key per head and token, and the
        heads' keys side by side are as long as a token.

    Raises
    ------
    BackboneError
        See :func:`published`; or its attention has no such keys.
    """
    published(name)
    network: Any = timm.create_model(_model(name), num_classes=0, img_size=SIZE)
    attention = getattr(network.blocks[-1], "attn", None)
    heads = getattr(attention, "num_heads", None)
    if (
        type(attention).__name__ not in _ATTENTIONS
        or getattr(attention, "num_kv_heads", heads) != heads
    ):
        raise BackboneError(_NO_KEYS.format(name))
    return network


def _model(name: str) -> str:
    network, _ = split_block(name)
    return TIMM_VITS.get(network, network.removeprefix(TIMM_PREFIX))


def _near(model: str, names: list[str]) -> str:
    near = difflib.get_close_matches(model, names, _SHOWN)
    return f"; near it are {', '.join(TIMM_PREFIX + name for name in near)}" if near else ""
