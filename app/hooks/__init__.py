"""Webhooks that annotation platforms send, and a model that Label Studio calls."""
