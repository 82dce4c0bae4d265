"""What is wrong with a cluster as a place for workflows, and what to do about it."""
