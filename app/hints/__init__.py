"""Hints: a few labelled images that say what counts, as a folder, a ZIP archive or an upload."""
