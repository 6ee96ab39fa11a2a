"""From images of scenes to stored vectors: shards, blocks, sequences, a cluster."""
