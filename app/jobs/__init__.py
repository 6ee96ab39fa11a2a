"""The worker's side of durable jobs: what they do, who runs them, who takes over from the dead."""
