"""The wire format: pydantic models and nothing else."""
