"""The parts of bench_features.py that need vectors alone: k-means, signatures, pairs."""

import resource
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from sklearn.cluster import KMeans

from features.backbones import load_backbone
from features.backbones.protocol import to_pixels
from features.images.pixels import load_rgb
from features.numeric import unit_rows
from features.signatures.clustering import SEED, cluster_many
from features.signatures.model import build_signatures

SCENES = 19_130  # SemanticKITTI's training scans
CLASSES = 19
PATCHES, WIDTH = 784, 768  # of ViT-B/8 at 224 x 224

Row = dict[str, Any]


def scene_patches(number: int) -> np.ndarray:
    """Return the patch keys of a made-up scene: a dozen textures with noise."""
    rng = np.random.default_rng(number)
    textures = rng.standard_normal((12, WIDTH)).astype(np.float32)
    noise = rng.standard_normal((PATCHES, WIDTH), dtype=np.float32)
    return textures[rng.integers(0, 12, PATCHES)] + 0.8 * noise


def inertia(vectors: np.ndarray, centres: np.ndarray) -> float:
    """Return the sum of squared distances to the nearest centre."""
    squares = (vectors**2).sum(axis=1)[:, None] - 2 * vectors @ centres.T + (centres**2).sum(axis=1)
    return float(squares.min(axis=1).sum(dtype=np.float64))


def clusters(images: Path, scenes: int = 64) -> Iterator[Row]:
    """k-means of the keys of scenes, k = 19: ours and a loop of scikit-learn's."""
    yield compare("made-up, 784 x 768", [scene_patches(number) for number in range(scenes)])
    if images.exists():
        network = load_backbone("efficientnet_lite0", device="cpu")
        paths = sorted(map(str, images.rglob("*.jpg")))[::3]
        pixels = np.stack([to_pixels(load_rgb(path)) for path in paths])
        keys = np.concatenate([network.encode(one[None], "patch_keys") for one in pixels])
        yield compare("street images, efficientnet_lite0, 49 x 1280", list(keys))


def compare(name: str, patches: list[np.ndarray]) -> Row:
    """Cluster scenes by ours and by a loop of scikit-learn's."""
    cluster_many(patches[:2], CLASSES)  # libraries are loaded
    scenes = len(patches)
    start = time.perf_counter()
    ours = cluster_many(patches, CLASSES)
    middle = time.perf_counter()
    theirs = [KMeans(CLASSES, random_state=SEED).fit(vectors) for vectors in patches]
    end = time.perf_counter()
    per_scene = (middle - start) / scenes, (end - middle) / scenes
    return {
        "vectors": name,
        "scenes": scenes,
        "ms per scene": 1e3 * per_scene[0],
        "scikit-learn, ms per scene": 1e3 * per_scene[1],
        "times faster": per_scene[1] / per_scene[0],
        f"extrapolated to {SCENES}, s": SCENES * per_scene[0],
        f"scikit-learn, extrapolated to {SCENES}, s": SCENES * per_scene[1],
        "inertia / scikit-learn's": sum(map(inertia, patches, ours))
        / sum(float(found.inertia_) for found in theirs),
    }


def signatures() -> Iterator[Row]:
    """All signatures of 19,130 scenes of 19 centres, d = 768: seconds and memory, in full."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def centres() -> Iterator[tuple[str, np.ndarray]]:
        rng = np.random.default_rng(0)
        ready = [unit_rows(rng.standard_normal((CLASSES, WIDTH))) for _ in range(64)]
        for number in range(SCENES):
            yield str(number), ready[number % 64]

    start = time.perf_counter()
    found = build_signatures(centres())
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield {
        "scenes": len(found.scene_ids),
        "seconds": seconds,
        "size, MiB": found.vectors.nbytes / 2**20,
        "peak grew by, MiB": (after - before) / 2**10,
    }


def pairs(reference_scenes: int = 60) -> Iterator[Row]:
    """Every pair's mean cosine: blocks of inner products, and one FAISS index for each pair."""
    rng = np.random.default_rng(0)
    rows = unit_rows(rng.standard_normal((reference_scenes * CLASSES, WIDTH))).astype(np.float32)
    centres = rows.reshape(reference_scenes, CLASSES, WIDTH)
    start = time.perf_counter()
    theirs = {}
    for i in range(reference_scenes):
        for j in range(i + 1, reference_scenes):
            index = faiss.IndexFlatIP(WIDTH)
            index.add(np.concatenate([centres[i], centres[j]]))
            found, order = index.search(centres[i], 2 * CLASSES)
            theirs[i, j] = float(found[order >= CLASSES].mean())
    per_pair = (time.perf_counter() - start) / len(theirs)
    means = centres.mean(axis=1)
    worst = max(abs(means[i] @ means[j] - cosine) for (i, j), cosine in theirs.items())
    vectors = rng.standard_normal((SCENES, WIDTH)).astype(np.float32) / np.sqrt(WIDTH)
    start = time.perf_counter()
    for first in range(0, SCENES, 1024):
        _ = vectors[first : first + 1024] @ vectors[first:].T
    ours = time.perf_counter() - start
    count = SCENES * (SCENES - 1) // 2
    yield {
        "pairs": count,
        "ours, all pairs, s": ours,
        "an index a pair, s per 1,000 pairs": 1e3 * per_pair,
        "an index a pair, extrapolated, h": count * per_pair / 3600,
        "ratio": count * per_pair / ours,
        "largest difference": worst,
    }
