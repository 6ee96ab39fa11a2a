"""A procedurally generated building: scenes to try everything on, without a download.

Reads from the ground up: ``geometry`` (boxes, patches, lamps), ``noise``, ``textures`` and
``drawings`` (the colour at a point), ``raycast`` (which surface a ray meets), ``lightmap`` and
``lighting`` (how bright it is there), ``surfaces`` and ``render`` (a picture), ``palette``,
``furniture``, ``fittings``, ``rooms`` and ``halls`` (what stands where), ``viewpoints`` (where
pictures are taken from), ``scanner`` (what a room costs), ``building`` (which rooms there are) and
``world`` (everything on disk, with a manifest).
"""
