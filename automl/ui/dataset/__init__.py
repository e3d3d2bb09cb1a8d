"""Choosing and looking at a data set: what the Dataset page is made of."""
