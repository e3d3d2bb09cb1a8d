"""What becomes of a job: its directory, its records, starting, ranking and sharing it."""
