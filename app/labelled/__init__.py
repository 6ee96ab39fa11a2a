"""Labelled data as it lies on a disk: images with index PNGs, and SemanticKITTI's scans."""
