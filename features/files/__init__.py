"""Files that nobody has vetted, read within limits: text, CSV, JSON, arrays, PLY."""
