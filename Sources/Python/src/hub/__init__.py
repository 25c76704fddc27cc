"""Arrays on a Nave server, as if they were local."""
