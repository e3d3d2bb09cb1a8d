"""HTTP server for models: Azure's scoring requests, uploads, health checks and metrics."""
