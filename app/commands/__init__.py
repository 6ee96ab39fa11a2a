"""What the subcommands of ``seedal`` do, once ``app.cli`` has read their words."""
