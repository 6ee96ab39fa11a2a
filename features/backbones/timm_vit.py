"""Self-supervised vision transformers (DINO, DINOv2, DINOv3) as timm builds them."""

from typing import Any, Final

import numpy as np
import timm
import torch
from numpy.typing import NDArray
from timm.layers.pos_embed import resample_abs_pos_embed
from torch import Tensor

from features.backbones.catalogue import TIMM_VITS
from features.backbones.checkpoints import load_state, read_state
from features.backbones.identity import Identity
from features.backbones.inputs import pick_device, to_input
from features.backbones.protocol import CLS, SIZE, Token

_MEAN: Final = (0.485, 0.456, 0.406)
_STD: Final = (0.229, 0.224, 0.225)
_POSITIONS: Final = "pos_embed"
_DINOV2_TOKENS: Final = 1 + (518 // 14) ** 2


class TimmVit:
    """A vision transformer with the weights of its self-supervised training.

    ``cls`` is the class token after the final norm. ``patch_keys`` are the keys of the last block's
    attention, heads side by side, for the patch tokens alone (class and register tokens are
    dropped). Where positions are rotary (DINOv3) the keys are taken before the rotation: what a
    patch shows, not where it lies.

    Parameters
    ----------
    identity
        A name of :data:`features.backbones.catalogue.TIMM_VITS` and a weights file.
    device
        See :func:`features.backbones.inputs.pick_device`.

    Raises
    ------
    WeightsError
        The weights cannot be read or do not fit.
    """

    def __init__(self, identity: Identity, device: str) -> None:
        self.name = identity.name
        self.weights_id = identity.weights_id
        self._device = pick_device(device)
        # timm's networks carry no type information.
        network: Any = timm.create_model(TIMM_VITS[self.name], num_classes=0, img_size=SIZE)
        file = identity.require_file()
        state = read_state(file)
        _fit_positions(state, network)
        load_state(network, state, self.name, file)
        self._network = network.eval().to(self._device)
        self.dim = int(network.num_features)

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
            with torch.inference_mode():
                batch = to_input(pixels, _MEAN, _STD, self._device)
                tokens: Tensor = self._network.forward_features(batch)
        finally:
            handle.remove()
        if token == CLS:
            vectors = tokens[:, :1]
        else:
            patches = keys[0][:, :, self._network.num_prefix_tokens :]
            vectors = patches.transpose(1, 2).flatten(2)
        return vectors.cpu().numpy()


def _fit_positions(state: dict[str, Tensor], network: Any) -> None:  # noqa: ANN401  timm's networks carry no type information
    """Resample DINOv2's position embeddings, trained at 518 pixels, to the grid of 224 pixels.

    Only those: resampling others would let the weights of another patch size pass.
    """
    positions = state.get(_POSITIONS)
    if positions is not None and positions.shape == (1, _DINOV2_TOKENS, network.embed_dim):
        state[_POSITIONS] = resample_abs_pos_embed(
            positions.float(),
            new_size=list(network.patch_embed.grid_size),
            num_prefix_tokens=network.num_prefix_tokens,
        )
