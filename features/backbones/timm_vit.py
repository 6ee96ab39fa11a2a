"""Self-supervised vision transformers (DINO, DINOv2, DINOv3) as timm builds them."""

from difflib import get_close_matches
from importlib import import_module
from typing import Any, Final

import numpy as np
import timm
import torch
from numpy.typing import NDArray
from timm.layers.pos_embed import resample_abs_pos_embed
from torch import Tensor, nn

from features.backbones.catalogue import timm_name
from features.backbones.checkpoints import load_state, read_state
from features.backbones.device import Compute
from features.backbones.identity import Identity
from features.backbones.inputs import to_input
from features.backbones.protocol import CLS, SIZE, Token
from features.errors import BackboneError

_POSITIONS: Final = "pos_embed"
_PATCHES: Final = "patch_embed.proj.weight"
_OFFICIAL: Final = frozenset({"mask_token", "register_tokens", "storage_tokens"})
"""Names that only the checkpoints of DINOv2's and DINOv3's authors have."""

_CPU_BATCH: Final = 8


class TimmVit:
    """A vision transformer with the weights of its training.

    ``cls`` is the class token after the final norm. ``patch_keys`` are the keys of the last block's
    attention, heads side by side, for the patch tokens alone (class and register tokens are
    dropped). Where positions are rotary (DINOv3) the keys are taken before the rotation: what a
    patch shows, not where it lies.

    Parameters
    ----------
    identity
        A vision transformer's name (:mod:`features.backbones.catalogue`) and a weights file.
    compute
        Where and how exactly it computes.

    Raises
    ------
    BackboneError
        timm has no vision transformer of this name, or it has no keys or no class token.
    WeightsError
        The weights cannot be read or do not fit.
    """

    def __init__(self, identity: Identity, compute: Compute) -> None:
        self.name = identity.name
        self.weights_id = identity.weights_id
        self._compute = compute
        network = _create(self.name)
        self._mean = tuple(map(float, network.pretrained_cfg["mean"]))
        self._std = tuple(map(float, network.pretrained_cfg["std"]))
        file = identity.require_file()
        state = _in_timms_names(read_state(file), network)
        _fit_positions(state, network)
        load_state(network, state, self.name, file)
        self._network = network.eval().to(compute.device)
        self.dim = int(network.num_features)

    def batch_size(self, token: Token) -> int:
        """Return how many images at once are fast, and fit."""
        return self._compute.batch_size(
            _CPU_BATCH,
            lambda images: self.encode(np.zeros((images, SIZE, SIZE, 3), np.uint8), token),
        )

    def encode(self, pixels: NDArray[np.uint8], token: Token) -> NDArray[np.float32]:
        """Encode a batch; see :meth:`features.backbones.protocol.Backbone.encode`.

        Parameters
        ----------
        pixels : (n, 224, 224, 3) uint8
        token

        Returns
        -------
        (n, t, d) float32
            For ``patch_keys``, t is (224 / patch size) squared.
        """
        keys: list[Tensor] = []

        def keep(_module: object, _args: object, output: Tensor) -> None:
            keys.append(output)

        # Every attention of timm passes its keys, (n, heads, tokens, d / heads), through k_norm
        # before it rotates them; these networks have an identity there.
        handle = self._network.blocks[-1].attn.k_norm.register_forward_hook(keep)
        try:
            with self._compute.running(len(pixels)):
                batch = to_input(pixels, self._mean, self._std, self._compute)
                tokens: Tensor = self._network.forward_features(batch)
        finally:
            handle.remove()
        if token == CLS:
            vectors = tokens[:, :1]
        else:
            patches = keys[0][:, :, self._network.num_prefix_tokens :]
            vectors = patches.transpose(1, 2).flatten(2)
        return vectors.float().cpu().numpy()


def _create(name: str) -> Any:  # noqa: ANN401  timm's networks carry no type information
    architecture = timm_name(name)
    try:
        network = timm.create_model(architecture, num_classes=0, img_size=SIZE)
    except (RuntimeError, TypeError, ValueError, AssertionError) as error:
        message = f"{name}: timm has no vision transformer of this name for {SIZE} pixels"
        alike = get_close_matches(architecture, timm.list_models(pretrained=True), n=3)
        if alike and architecture not in alike:
            message += f"; it has {', '.join(f'timm/{other}' for other in alike)}"
        raise BackboneError(message) from error
    blocks = getattr(network, "blocks", None)
    attention = getattr(blocks[-1], "attn", None) if blocks else None
    if (
        not isinstance(getattr(attention, "k_norm", None), nn.Module)
        or getattr(network, "num_prefix_tokens", 0) < 1
    ):
        message = f"{name} is no vision transformer with a class token and attention keys"
        raise BackboneError(message)
    return network


def _in_timms_names(state: dict[str, Tensor], network: Any) -> dict[str, Tensor]:  # noqa: ANN401  see above
    """Rename the tensors of an authors' checkpoint to timm's names, by timm's own converter."""
    patches = state.get(_PATCHES)
    expected = network.state_dict().get(_PATCHES)
    same_patches = patches is not None and expected is not None and patches.shape == expected.shape
    if not (_OFFICIAL & state.keys() and same_patches):
        return state  # the converter would resample weights of another patch size
    convert = import_module(type(network).__module__).checkpoint_filter_fn
    converted: dict[str, Tensor] = convert(state, network)
    return converted


def _fit_positions(state: dict[str, Tensor], network: Any) -> None:  # noqa: ANN401  see above
    """Resample learned positions of another image size (DINOv2: 518 pixels) to 224 pixels."""
    positions = state.get(_POSITIONS)
    wanted = getattr(network, _POSITIONS, None)
    patches = state.get(_PATCHES)
    if (
        positions is None
        or not isinstance(wanted, Tensor)
        or positions.shape == wanted.shape
        or positions.ndim != 3  # noqa: PLR2004  (1, tokens, d)
        or patches is None
        or patches.shape != network.state_dict()[_PATCHES].shape  # another network's weights
    ):
        return
    prefix = 0 if network.no_embed_class else network.num_prefix_tokens
    side = (positions.shape[1] - prefix) ** 0.5
    if side != int(side):
        return  # no square grid: it will not fit, and the message names it
    with torch.no_grad():
        state[_POSITIONS] = resample_abs_pos_embed(
            positions.float(),
            new_size=list(network.patch_embed.grid_size),
            num_prefix_tokens=prefix,
        )
