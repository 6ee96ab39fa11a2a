"""Processes: the child processes that solve, and the workers that take over each other's jobs."""
