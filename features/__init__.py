"""From a source of scenes to signatures and an index: images in, vectors out."""
