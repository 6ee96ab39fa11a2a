"""A procedurally generated building: scenes to try everything on, without a download.

A room is axis-aligned boxes and nothing else. Reads from the ground up: ``geometry`` (boxes and
rooms), ``materials`` (the colour at a point), ``furniture`` and ``rooms`` (what stands where),
``building`` (which rooms there are, and what they cost), ``raycast`` (which box a ray meets),
``light`` (how bright it is there), ``viewpoints`` (where pictures are taken from), ``render``
(pictures and scans) and ``world`` (everything on disk, with a manifest).
"""
