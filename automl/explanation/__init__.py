"""Why a model gave its answer: which pixels of a picture speak for it."""
