"""Use cases: what the command line and the routes ask for, knowing neither."""
