"""Does a seed make a better first model? Measured on labelled images."""
