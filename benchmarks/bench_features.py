"""The feature pipeline's table: fidelity, speed, memory, and what survives kill -9.

    .venv/bin/python benchmarks/bench_features.py [--part NAME ...] [--images DIR] [--scans DIR]
        [--out features.json]

Parts: parity, pipeline, clusters, signatures, pairs, memory, kills, real. `--images` is a folder of
JPEGs (any), `--scans` one in SemanticKITTI's layout; parts that need them are left out where they
are not there. Speeds that are compared are measured in turns within one run; medians are told.
"""

import argparse
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from features_vectors import Row, clusters, pairs, signatures
from safetensors.torch import save_file

from features.backbones import Backbone, identify, load_backbone
from features.backbones.catalogue import TIMM_VITS
from features.backbones.device import CPU_BATCH, CPU_BATCHES
from features.backbones.protocol import to_pixels
from features.extraction.blocks import BlockStore
from features.extraction.extractor import Extractor, Recipe
from features.extraction.shards import Shard, VectorExtraction, cut_shards
from features.images.decoding import Decoder
from features.images.pixels import load_rgb
from features.pipeline import FeatureSettings, Prepared, prepare
from features.sources import open_source
from features.sources.scenes import Image, PoolScene, ScenePool

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
BATCH = 32


def random_weights(name: str, folder: Path) -> Path:
    """Write a checkpoint of seeded random weights for a vision transformer of timm's."""
    import timm  # noqa: PLC0415  only where it is needed

    torch.manual_seed(0)
    network = timm.create_model(TIMM_VITS[name], num_classes=0, img_size=224)
    state = {key: torch.randn_like(value) * 0.05 for key, value in network.state_dict().items()}
    path = folder / f"{name}.safetensors"
    save_file(state, path)
    return path


def open_vit(name: str, folder: Path) -> Backbone:
    """Open a vision transformer with random weights."""
    return load_backbone(name, weights=random_weights(name, folder), device="cpu")


def independent(name: str, weights: Path, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute class tokens and keys with torch's own hooks and the reference's formula.

    The last block's `qkv` is (n, tokens, 3 d); keys are the second third, heads side by side,
    without the class token.
    """
    import timm  # noqa: PLC0415  only where it is needed
    from safetensors.torch import load_file  # noqa: PLC0415

    network = timm.create_model(TIMM_VITS[name], num_classes=0, img_size=224)
    network.load_state_dict(load_file(weights))
    network.eval()
    caught: list[torch.Tensor] = []
    network.blocks[-1].attn.qkv.register_forward_hook(lambda *call: caught.append(call[2]))
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    scaled = ((pixels / 255.0 - mean) / std).transpose(0, 3, 1, 2)
    with torch.no_grad():
        pooled = network(torch.from_numpy(scaled.astype(np.float32)))
    n, tokens, width = caught[0].shape
    heads = network.blocks[-1].attn.num_heads
    qkv = caught[0].reshape(n, tokens, 3, heads, width // 3 // heads).permute(2, 0, 3, 1, 4)
    keys = qkv[1].permute(0, 2, 1, 3).reshape(n, tokens, width // 3)[:, 1:]
    return pooled.numpy(), keys.numpy()


def parity() -> Iterator[Row]:
    """Compare class tokens and keys with an independent computation, and batches with singles."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (4, 224, 224, 3), dtype=np.uint8)

    def difference(found: np.ndarray, expected: np.ndarray) -> float:
        return float(np.abs(found - expected).max() / np.abs(expected).max())

    for name in ("dino_vitb8", "dino_vits16"):
        with tempfile.TemporaryDirectory() as folder:
            vit = open_vit(name, Path(folder))
            pooled, keys = independent(name, Path(folder) / f"{name}.safetensors", pixels)
            found, found_keys = vit.encode(pixels, "cls"), vit.encode(pixels, "patch_keys")
            singles = np.concatenate([vit.encode(one[None], "patch_keys") for one in pixels])
            yield {
                "backbone": name,
                "cls": difference(found[:, 0], pooled),
                "keys": difference(found_keys, keys),
                "batch of 4 against singles": difference(found_keys, singles),
            }


def pipeline(images: Path, turns: int = 5) -> Iterator[Row]:
    """Images per second: the pipeline, the bare forward pass, and one image at a time."""
    paths = sorted(map(str, images.rglob("*.jpg")))[:384]
    pixels = np.stack([to_pixels(load_rgb(path)) for path in paths[:128]])
    pool = [PoolScene(path, {}, (Image(path),)) for path in paths]
    decoder = Decoder()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor() as threads:
        networks = {
            "efficientnet_lite0": load_backbone("efficientnet_lite0", device="cpu"),
            "dino_vits16": open_vit("dino_vits16", Path(folder)),
        }
        runs = [
            (name, network, batch)
            for name, network in networks.items()
            for batch in (BATCH, CPU_BATCHES.get(name, CPU_BATCH))
        ]
        for name, network, batch in runs:
            count = len(paths) if name == "efficientnet_lite0" else 128
            shards = cut_shards(pool[:count])

            def bare(network: Backbone = network, batch: int = batch) -> float:
                start = time.perf_counter()
                for first in range(0, len(pixels), batch):
                    network.encode(pixels[first : first + batch], "cls")
                return len(pixels) / (time.perf_counter() - start)

            def whole(
                network: Backbone = network,
                shards: tuple[Shard, ...] = shards,
                count: int = count,
                batch: int = batch,
            ) -> float:
                recipe = Recipe(
                    identify("colour_grid"), "cls", 13
                )  # it names, and computes nothing
                extractor = Extractor(recipe, lambda: network, batch)
                with tempfile.TemporaryDirectory() as store:
                    blocks = BlockStore(Path(store))
                    run = VectorExtraction(shards, extractor, blocks, decoder, threads)
                    start = time.perf_counter()
                    run.complete(lambda _: None)
                    return count / (time.perf_counter() - start)

            def one_by_one(network: Backbone = network) -> float:
                start = time.perf_counter()
                for path in paths[:48]:
                    network.encode(to_pixels(load_rgb(path))[None], "cls")
                return 48 / (time.perf_counter() - start)

            bare(), whole(), one_by_one()  # threads, caches and processes are warm
            speeds: dict[str, list[float]] = {"bare": [], "pipeline": [], "one by one": []}
            for _ in range(turns):
                before, middle, after = bare(), whole(), bare()
                speeds["bare"].append((before + after) / 2)
                speeds["pipeline"].append(middle)
                speeds["one by one"].append(one_by_one())
            ratios = [p / b for p, b in zip(speeds["pipeline"], speeds["bare"], strict=True)]
            yield {
                "backbone": name,
                "batch": batch,
                **{what: statistics.median(found) for what, found in speeds.items()},
                "pipeline / bare": statistics.median(ratios),
                "worst ratio": min(ratios),
            }


RUN = """
import sys, resource, json
from pathlib import Path
from features.pipeline import FeatureSettings, prepare
from features.sources import open_source
settings = FeatureSettings(backbone=sys.argv[3], token=sys.argv[4], device="cpu")
made = prepare(open_source(sys.argv[5], sys.argv[1]), settings, Path(sys.argv[2]))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
print(json.dumps({"key": made.key, "peak": peak, "children": children}))
"""


def folders_of(images: Path, folder: Path, number: int, per_scene: int) -> Path:
    """Lay out links to some images as scenes of a few images each."""
    paths = sorted(images.rglob("*.jpg"))
    for i in range(number):
        place = folder / f"scene_{i // per_scene:05d}"
        place.mkdir(parents=True, exist_ok=True)
        content = paths[i % len(paths)].resolve()
        (place / f"{i:06d}.jpg").write_bytes(content.read_bytes())
    return folder


def memory(images: Path) -> Iterator[Row]:
    """Peak memory of an extraction of 1,000 images, and of 10,000."""
    peaks = {}
    for number in (1_000, 10_000):
        with tempfile.TemporaryDirectory() as temporary:
            pool = folders_of(images, Path(temporary) / "pool", number, 10)
            words = [str(pool), f"{temporary}/cache", "efficientnet_lite0", "cls", "images"]
            start = time.perf_counter()
            command = [sys.executable, "-c", RUN, *words]
            done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
            answer = json.loads(done.stdout.splitlines()[-1])
            peaks[number] = answer["peak"]
            seconds = time.perf_counter() - start
            yield {
                "images": number,
                "seconds": seconds,
                "peak, MiB": answer["peak"],
                "largest child, MiB": answer["children"],
                "against 1,000": peaks[number] / peaks[1_000],
            }


def kills(images: Path, deaths: int = 20) -> Iterator[Row]:
    """Kill -9 one extraction again and again; compare its files with an undisturbed run's."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(temporary)
        pool = folders_of(images, home / "pool", 1_200, 1)

        def started(cache: str) -> subprocess.Popen[bytes]:
            words = [str(pool), str(home / cache), "efficientnet_lite0", "patch_keys", "images"]
            command = [sys.executable, "-c", RUN, *words]
            return subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603

        start = time.perf_counter()
        assert started("whole").wait() == 0  # noqa: S101  the run must have worked
        undisturbed = time.perf_counter() - start
        killed = 0
        while killed < deaths:
            process = started("killed")
            # The first runs die anywhere; later ones live long enough to store a shard or two.
            time.sleep(rng.uniform(0, undisturbed / 5))
            if process.poll() is None:
                os.kill(process.pid, signal.SIGKILL)
                killed += 1
            elif killed < deaths:  # it is done; begin again to be killed again
                break
            process.wait()
        assert started("killed").wait() == 0  # noqa: S101
        same = {
            stage: contents(home / "whole" / stage) == contents(home / "killed" / stage)
            for stage in ("vectors", "signatures", "index")
        }
        leftovers = len(list((home / "killed").rglob("*.tmp")))
        yield {
            "images": 1_200,
            "kills": killed,
            "undisturbed, s": undisturbed,
            **{f"{stage} identical": equal for stage, equal in same.items()},
            "files left half-written": leftovers,
        }


def contents(folder: Path) -> dict[str, bytes]:
    """Return the published files of a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".tmp"}


def real(images: Path, scans: Path) -> Iterator[Row]:
    """Run every real image through: scans in both token modes, frames as scenes."""
    frames = sorted(map(str, images.rglob("*.jpg")))
    frame_pool = ScenePool(
        "images",
        tuple(PoolScene(path, {"images": 1.0}, (Image(path),)) for path in frames),
        "images",
        "number of images",
    )
    scan_pool = open_source("semantic_kitti", scans)
    for name, pool, token in (
        ("scans", scan_pool, "cls"),
        ("scans", scan_pool, "patch_keys"),
        ("frames", frame_pool, "patch_keys"),
    ):
        settings = FeatureSettings(backbone="efficientnet_lite0", token=token, device="cpu")  # type: ignore[arg-type]
        with tempfile.TemporaryDirectory() as cache:
            start = time.perf_counter()
            made: Prepared = prepare(pool, settings, Path(cache))
            yield {
                "pool": name,
                "token": token,
                "scenes": len(pool.scenes),
                "with signatures": len(made.signatures.scene_ids),
                "unreadable": len(made.failures),
                "seconds": time.perf_counter() - start,
            }


def shown(value: object) -> str:
    """Return a value as a cell of a table."""
    return f"{value:,.4g}" if isinstance(value, float) else str(value)


def main() -> None:
    """Run the parts, print a table for each, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", nargs="*")
    parser.add_argument("--images", type=Path, default=SHARED / "camvid")
    parser.add_argument("--scans", type=Path, default=SHARED / "mini_semantickitti")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    parts: dict[str, Callable[[], Iterator[Row]]] = {
        "parity": parity,
        "clusters": lambda: clusters(given.images),
        "signatures": signatures,
        "pairs": pairs,
    }
    if given.images.exists():
        parts["pipeline"] = lambda: pipeline(given.images)
        parts["memory"] = lambda: memory(given.images)
        parts["kills"] = lambda: kills(given.images)
        if given.scans.exists():
            parts["real"] = lambda: real(given.images, given.scans)
    done: dict[str, list[Row]] = {}
    for name in given.part or parts:
        print(f"\n{name}", flush=True)
        done[name] = []
        for row in parts[name]():
            if not done[name]:
                print("| " + " | ".join(row) + " |\n|" + "---|" * len(row))
            done[name].append(row)
            print("| " + " | ".join(map(shown, row.values())) + " |", flush=True)
    versions = {package: version(package) for package in ("torch", "timm", "faiss-cpu", "pillow")}
    machine = {"python": platform.python_version(), "cores": os.cpu_count(), **versions}
    if given.out is not None:
        given.out.write_text(json.dumps({"machine": machine, "parts": done}, indent=2))


if __name__ == "__main__":
    main()
