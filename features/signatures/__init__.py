"""From vectors to what the solver needs of a scene: centres, words, parts, signatures."""
