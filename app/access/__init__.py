"""Who may call, for which project, and which files a caller may name."""
