"""The score on the test data as a model card says it. No torch."""

from pathlib import Path

from automl.experiments.records import TestOpening
from automl.host import atomic

NOT_OPENED = "It has not been scored on test data."


def sentence(opening: TestOpening | None, primary_metric: str) -> str:
    """Return the sentence for a trial and the opening of the test data for it, if there is one."""
    if opening is None:
        return NOT_OPENED
    return (
        f"On {opening.num_pictures:,} test pictures, which had no part in the choice: "
        f"**{primary_metric} {opening.metrics[primary_metric]:.3f}**, 95 % interval "
        f"{opening.score_low:.3f} to {opening.score_high:.3f}."
    )


def complete_card(model_dir: Path, opening: TestOpening, primary_metric: str) -> None:
    """Put the score into the card of a model that was exported before the test data were opened."""
    card = model_dir / "README.md"
    if card.is_file():
        text = card.read_text("utf-8")
        atomic.write_text(card, text.replace(NOT_OPENED, sentence(opening, primary_metric)))
