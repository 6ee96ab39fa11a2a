from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from features.numeric import unit_rows
from features.signatures.model import build_signatures


@st.composite
def pools(draw: st.DrawFn) -> dict[str, NDArray[np.float64]]:
    """Draw scenes of 1 to 6 unit centres, some of them equal or opposite."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    d = draw(st.integers(1, 6))
    counts = draw(st.lists(st.integers(1, 6), min_size=1, max_size=7))
    scenes = {}
    for number, k in enumerate(counts):
        centres = unit_rows(rng.standard_normal((k, d)))
        if draw(st.booleans()):
            centres[-1] = centres[0] * draw(st.sampled_from([1.0, -1.0]))
        scenes[f"scene {number}"] = centres
    return scenes


@given(pools())
def test_inner_products_of_means_are_mean_cosines(scenes: dict[str, NDArray[np.float64]]) -> None:
    """m_i . m_j equals the mean cosine over all pairs of centres, counted one by one."""
    signatures = build_signatures(scenes.items())
    assert signatures.scene_ids == tuple(scenes)
    for i, a in enumerate(scenes.values()):
        for j, b in enumerate(scenes.values()):
            pairs = [float(x @ y) for x in a for y in b]
            inner = float(signatures.vectors[i] @ signatures.vectors[j])
            assert abs(inner - sum(pairs) / len(pairs)) < 1e-12


@given(pools())
def test_weights_are_one_minus_the_mean_cosine(scenes: dict[str, NDArray[np.float64]]) -> None:
    """w_i is 1 - the mean cosine over distinct pairs; without a pair, the median of the others."""
    signatures = build_signatures(scenes.items())
    expected: dict[str, float] = {}
    for scene_id, centres in scenes.items():
        cosines = [float(a @ b) for a, b in combinations(centres, 2)]
        if cosines:
            expected[scene_id] = 1 - sum(cosines) / len(cosines)
    neutral = float(np.median(list(expected.values()))) if expected else 1.0
    for row, (scene_id, centres) in enumerate(scenes.items()):
        assert abs(signatures.weights[row] - expected.get(scene_id, neutral)) < 1e-12
        assert 0.0 <= signatures.weights[row] <= 2.0
        assert signatures.counts[row] == len(centres)
