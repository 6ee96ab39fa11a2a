"""Which scenes to label first, from embeddings and prices that you already have."""

import numpy as np

from solver.model.options import SolverOptions
from solver.model.problem import SignatureProblem
from solver.solve import solve

rng = np.random.default_rng(0)
embeddings = rng.normal(size=(200, 8, 64))  # 200 scenes, 8 vectors each: put your own here
prices = rng.integers(20, 200, size=200)

centres = embeddings / np.linalg.norm(embeddings, axis=2, keepdims=True)
means = centres.mean(axis=1)
within = (64 * (means**2).sum(axis=1) - 8) / 56  # mean cosine between a scene's own 8 vectors

problem = SignatureProblem(weights=1 - within, vectors=means, costs=prices, budget=1000)
result = solve(problem, SolverOptions(time_limit_s=5))

print(f"{len(result.selected)} scenes for {result.total_cost:.0f} of {result.budget:.0f}")
print(f"objective {result.objective:.3f}; nothing is more than {result.gap:.3%} better")
