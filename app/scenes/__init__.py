"""Scenes of a dataset: shown one by one, with pictures, points, neighbours and a map."""
