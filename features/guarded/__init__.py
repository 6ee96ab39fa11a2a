"""A process of its own for each file that nobody has vetted, within limits of time and memory."""
