"""Random problems of two to six items, of every objective, with rules of every kind."""

from typing import Any

import numpy as np
from small_truth import Arrays, Rules

OBJECTIVES = ("signatures", "pairs", "facility", "coverage", "design", "k_center", "sum")


def _own(name: str, n: int, random: np.random.Generator) -> Arrays:
    m = int(random.integers(1, 4))
    if name == "signatures":
        vectors = random.normal(size=(n, int(random.integers(1, 7))))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True) / random.uniform(0.4, 1.0)
        profits = {"profits": random.normal(size=n) * 0.2} if random.random() < 0.5 else {}
        return {"weights": random.uniform(0.2, 2, n), "vectors": vectors, **profits}
    if name == "pairs":
        upper = np.triu(random.integers(-9, 20, (n, n)), 1).astype(float)
        scale = 1.0 if random.random() < 0.6 else 0.1
        return {
            "utilities": (upper + upper.T) * scale,
            "profits": scale * random.integers(-5, 9, n),
        }
    if name == "facility":
        return {
            "similarities": random.uniform(0, 1, (n, m)),
            "demands": random.uniform(0, 2, m),
            "served": random.uniform(0, 0.3, m),
        }
    if name == "coverage":
        return {
            "amounts": random.uniform(0, 2, (n, m)),
            "weights": random.uniform(0, 2, m),
            "held": random.uniform(0, 0.5, m),
        }
    if name == "design":
        sizes = random.integers(0, 3, n)
        root = random.normal(size=(m, m)) * 0.3
        return {
            "factors": random.normal(size=(int(sizes.sum()), m)),
            "sizes": sizes,
            "ridge": np.array(0.5),
            "prior": np.eye(m) + root @ root.T + (root @ root.T).T - root @ root.T,
        }
    return {"distances": random.uniform(0, 1, (n, m)), "reach": random.uniform(0.6, 1.5, m)}


def _rules(n: int, arrays: Arrays, random: np.random.Generator) -> Rules:
    def some(share: float) -> list[int]:
        return [i for i in range(n) if random.random() < share]

    rules: dict[str, Any] = {"include": some(0.08), "exclude": some(0.08), "labelled": some(0.1)}
    rules["min_items"] = int(random.integers(0, 3))
    rules["max_items"] = None if random.random() < 0.4 else int(random.integers(1, n + 1))
    if rules["max_items"] is not None:  # the product has no rules that are crossed
        rules["max_items"] = max(rules["max_items"], rules["min_items"])
    order = random.permutation(n).tolist()
    cut = int(random.integers(1, n))
    rules["groups"] = []
    if random.random() < 0.5:
        rules["groups"] = [
            {"name": "a", "items": sorted(order[:cut]), "minimum": 0, "maximum": cut},
            {"name": "b", "items": sorted(order[cut:]), "minimum": 1, "maximum": None},
        ]
    rules["resources"] = []
    if random.random() < 0.4:
        arrays["resource_hours"] = random.integers(0, 6, n)
        rules["resources"] = [{"name": "hours", "limit": float(random.integers(3, 12))}]
    return rules


def draw(name: str, seed: int) -> tuple[Arrays, float, Rules]:
    """Return a random problem of an objective: its arrays, budget and rules."""
    random = np.random.default_rng([OBJECTIVES.index(name), seed])
    n = int(random.integers(2, 7))
    whole = random.random() < 0.5
    arrays: Arrays = {
        "costs": random.integers(0, 9, n).astype(float) if whole else random.uniform(0.1, 3, n),
        "objective": np.array(name),
    }
    if name == "sum":
        arrays |= {"terms": np.array(["coverage", "design"]), "shares": np.array([0.7, 1.3])}
        for k, term in enumerate(("coverage", "design")):
            arrays |= {f"term{k}_{part}": v for part, v in _own(term, n, random).items()}
    else:
        arrays |= _own(name, n, random)
    if random.random() < 0.5:
        arrays["ids"] = np.array([f"scene {i}" for i in range(n)])
    rules = _rules(n, arrays, random)
    return arrays, float(arrays["costs"].sum() * random.uniform(0.2, 0.9)), rules
