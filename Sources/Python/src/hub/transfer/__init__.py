"""Arrays on their way: from files to the server, back, and from one server to another."""
