"""The Trial page: one trial, its errors and its doubtful labels."""
