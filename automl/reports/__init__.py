"""What leaves an experiment: its HTML report, its shared copy, the score on the test data."""
