"""The command line ``seedal``."""
