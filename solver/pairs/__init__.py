"""Objectives that are given by a matrix of pair utilities."""
