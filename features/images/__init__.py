"""Pixels of images that nobody has vetted, decoded in processes of their own."""
