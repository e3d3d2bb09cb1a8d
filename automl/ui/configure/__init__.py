"""Parts of the Configure page: the form of a job, the job beside it, and its start."""
