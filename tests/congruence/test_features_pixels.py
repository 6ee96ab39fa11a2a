"""Our pixels against torchvision's transforms, which the paper's code uses."""

import numpy as np
import PIL.Image
import pytest
import torch
from torchvision.transforms import Compose, InterpolationMode, Normalize, Resize, ToTensor

from features.backbones.device import to_input
from features.backbones.protocol import to_pixels

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)


@pytest.mark.parametrize("size", [(1080, 1080), (1241, 376), (480, 360), (100, 30), (224, 224)])
def test_the_network_s_input_is_torchvision_s(size: tuple[int, int]) -> None:
    """Resized, scaled and normalised, an image of any size is what torchvision makes of it."""
    width, height = size
    rng = np.random.default_rng(width)
    noise = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    image = PIL.Image.fromarray(noise)
    transform = Compose(
        [
            Resize((224, 224), interpolation=InterpolationMode.BICUBIC),
            ToTensor(),
            Normalize(MEAN, STD),
        ]
    )
    ours = to_input(to_pixels(image)[None], MEAN, STD, torch.device("cpu"))[0]
    torch.testing.assert_close(ours, transform(image), atol=1e-6, rtol=1e-6)
