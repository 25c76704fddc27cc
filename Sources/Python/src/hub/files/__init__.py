"""Arrays in files of this machine: readers, writers, and the order in which they are copied."""
