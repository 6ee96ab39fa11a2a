"""Vectors that someone else computed: files of them, checked and grouped by scene."""

from features.vectors.reading import PrecomputedVectors, read_vectors
from features.vectors.table import Level

__all__ = ["Level", "PrecomputedVectors", "read_vectors"]
