"""Compiled inner loops: plain loops over arrays, made fast by numba.

Each module is one algorithm; what it computes is said in terms of arrays only, so that the classes
of the packages above can change without it. None of them keeps state or draws random numbers that
were not seeded by the caller.
"""
