"""An MCP server of SeedAL Service: six tools for an assistant of those who plan annotation."""
