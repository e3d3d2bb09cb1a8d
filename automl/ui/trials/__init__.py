"""All trials of an experiment: what Progress, Leaderboard, Search and Compare are made of."""
