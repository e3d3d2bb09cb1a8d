"""The settings: limits of the queue, this machine, its storage, and people."""
