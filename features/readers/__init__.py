"""Read what nobody has vetted in guarded processes: sources, vectors, previews, point clouds.

Each module has both ends: ``serve`` runs in the process, the function of the reader's own name asks
it. Both give and raise the same (`docs/adr/0020-guarded-readers.md`).
"""
