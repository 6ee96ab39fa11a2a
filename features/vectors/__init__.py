"""Vectors that someone else computed: files of them, checked and grouped by scene."""

from features.vectors.reading import Level, PrecomputedVectors, read_vectors

__all__ = ["Level", "PrecomputedVectors", "read_vectors"]
