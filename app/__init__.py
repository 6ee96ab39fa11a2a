"""The service: the only package that may import solver and features."""
