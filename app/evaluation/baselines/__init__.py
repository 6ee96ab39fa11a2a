"""What a seed is compared with: selections from the literature, all within the same budget.

Reads from the ground up: ``pool`` (what they see), ``budget_tracker`` (what they may still buy),
``distances``, ``clusters`` (how many, and in which order they are asked), one module a method, and
``registry`` (all of them by name).
"""
