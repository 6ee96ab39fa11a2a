"""Diversity under a budget: problems, strategies, bounds and an independent verifier."""
