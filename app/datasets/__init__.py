"""Datasets: pools of scenes that are registered once, and their extraction."""
