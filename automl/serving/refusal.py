"""A request that is not answered as asked, and why."""


class Refusal(Exception):  # noqa: N818 (it names the thing, not an accident)
    """An HTTP status, and a sentence for whoever sent the request."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
