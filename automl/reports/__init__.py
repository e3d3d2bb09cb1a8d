"""Results of an experiment: its HTML report, its shared copy and its score on the test data."""
