"""How much one server takes on at a time."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Beyond them a request is refused before it costs anything.

    The bodies in memory are at most `max_request_bytes * max_concurrent_requests`.
    """

    max_request_bytes: int = 32_000_000
    max_pictures: int = 1_000
    """In one request."""

    max_pixels: int = 50_000_000
    """Of one picture; a few kilobytes can claim to be gigabytes."""

    max_concurrent_requests: int = 32
    body_seconds: float = 30.0
    """For a request's body to arrive."""

    max_batch_size: int = 16
    batch_window_seconds: float = 0.0
    """How long the first of a batch waits for others; pictures that come while the model runs
    are gathered without any waiting."""

    shutdown_seconds: float = 30.0
    """For the requests in flight to be answered once the server is asked to end."""
