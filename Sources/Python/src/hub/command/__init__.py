"""The command line: `hub`."""
