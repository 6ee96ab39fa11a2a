"""Callbacks: signed messages to the servers of others when an operation ends."""
