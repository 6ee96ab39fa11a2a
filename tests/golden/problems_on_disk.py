"""Small problems for ``seedal solve``, ``verify`` and ``frontier``, the same on every machine."""

import json
import lzma
from pathlib import Path
from typing import Any

import numpy as np


def signatures(n: int = 16, d: int = 6, seed: int = 69) -> dict[str, Any]:
    """Return the arrays of a problem of signatures, with groups and a second cost."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(n, d))
    vectors *= 0.8 / np.linalg.norm(vectors, axis=1, keepdims=True)
    return {
        "weights": rng.uniform(0.5, 1.5, n),
        "vectors": vectors.round(4).astype(np.float32),
        "costs": rng.integers(1, 20, n).astype(float),
        "ids": np.array([f"scene-{k}" for k in range(n)]),
        "groups": np.array(["even", "odd"])[np.arange(n) % 2],
        "resource_hours": rng.integers(1, 6, n).astype(float),
    }


def knapsack(n: int = 22, seed: int = 40) -> str:
    """Return the text of a quadratic knapsack with a budget of its own."""
    rng = np.random.default_rng(seed)
    pairs = [(i, j) for i in range(n) for j in range(i, n) if i == j or rng.random() < 0.6]
    lines = [f"{n} {len(pairs)} int"]
    lines += [f"{i} {j} {rng.integers(1, 100)}" for i, j in pairs]
    costs = rng.integers(3, 30, n)
    lines += [" ".join(map(str, costs)), str(int(costs.sum()) // 3)]
    return "\n".join(lines) + "\n"


def write_problems(folder: Path) -> None:
    """Write every kind of problem file into a folder."""
    arrays = signatures()
    np.savez(folder / "rooms.npz", **arrays)
    np.savez(folder / "nameless.npz", **{k: arrays[k] for k in ("weights", "vectors", "costs")})
    worth = np.random.default_rng(8).uniform(0, 4, len(arrays["costs"]))
    np.savez(folder / "profits.npz", **arrays, profits=worth)
    np.savez(folder / "budgeted.npz", **arrays, budget=np.array([40.0]))
    np.savez(folder / "large.npz", **signatures(300, 8, 11))
    np.savez(folder / "passes.npz", **signatures(1_200, 8, 12))
    (folder / "rooms").mkdir()
    for name, array in arrays.items():
        np.save(folder / "rooms" / f"{name}.npy", array)
    text = knapsack().encode()
    (folder / "pairs.txt").write_bytes(text)
    (folder / "pairs.xz").write_bytes(lzma.compress(text))


def write_rules(path: Path, rules: object) -> Path:
    """Write a file of constraints and return its path."""
    path.write_text(json.dumps(rules))
    return path
