"""From signatures, costs and a budget to a seed: pure, for the command line and the API alike."""
