"""Models behind HTTP: Azure's request and answer, uploads, and what an operator needs."""
