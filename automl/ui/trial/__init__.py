"""One trial and its answers: what the Trial and Test pages are made of."""
