"""The limits of a server, and the refusal of a request that exceeds them or is not valid."""

from dataclasses import dataclass


class Refusal(Exception):  # noqa: N818 (it names an answer to a request, not an error of ours)
    """An HTTP status, and a sentence for the sender of the request."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


@dataclass(frozen=True)
class Limits:
    """A request that exceeds a limit is refused before it is parsed or decoded.

    The request bodies in memory have at most `max_request_bytes * max_concurrent_requests` bytes.
    """

    max_request_bytes: int = 32_000_000
    max_pictures: int = 1_000
    """Number of pictures in one request."""

    max_pixels: int = 50_000_000
    """Size of one picture. A file of a few kilobytes can declare gigabytes of pixels."""

    max_concurrent_requests: int = 32
    header_seconds: float = 30.0
    """Time for the headers of a request to arrive."""

    body_seconds: float = 30.0
    """Time for the body of a request to arrive."""

    crowded_body_seconds: float = 3.0
    """Time for it while others wait for a place: slow clients must not keep all others out."""

    max_batch_size: int = 16
    """Number of pictures in one run of the model."""

    batch_window_seconds: float = 0.0
    """How long the first picture of a batch waits for others. Pictures that arrive while the model
    runs form the next batch without this wait."""

    shutdown_seconds: float = 30.0
    """Time to answer the requests in flight after SIGTERM."""
