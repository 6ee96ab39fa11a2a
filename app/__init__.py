"""The service: the only package that may import solver, features and api_schemas."""
