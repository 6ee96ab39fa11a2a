"""Annotation platforms: what is asked of their servers, and what their answers mean."""
