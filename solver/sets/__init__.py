"""Objectives that evaluate themselves: coverings and designs, one module a kind."""
