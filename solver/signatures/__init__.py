"""SeedAL's objective on signatures: relaxation, branch and bound, and pools of any size."""
