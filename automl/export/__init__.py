"""Export of a trial's model in formats that other programs can use."""
