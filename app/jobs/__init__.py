"""Durable jobs: who runs them, who takes over from the dead, what is forgotten."""
