"""The answer by which a trial was scored on a picture, beside the one that is explained.

They differ where the model that is handed out was fitted to the picture, too. No torch.
"""

import functools
import hashlib
from collections.abc import Mapping
from pathlib import Path

from automl.dataset import picture_location
from automl.dataset.preprocessing import UnreadablePicture
from automl.errors import DamagedFileError
from automl.experiments import store
from automl.explanation.explainer import Explanation
from automl.texts import _

_LEAST = 0.005
"""Difference of probabilities that is said: two models, and no rounding."""


def note(experiment_dir: Path, trial_id: str, scored: Mapping[str, float], of: Explanation) -> str:
    """Reason why the explained answer is another than the scored one; empty if it is none.

    Args:
        experiment_dir: the experiment.
        trial_id: the trial.
        scored: probability of each label in the answer that was scored; empty for other pictures.
        of: the explanation.
    """
    before = scored.get(of.label)
    if before is None or abs(before - of.probability) < _LEAST:
        return ""
    why = store.load_trial(store.trial_path(experiment_dir, trial_id)).fitted_to
    if not why:
        return ""
    said = _(
        "The trial was scored on this picture with another answer, in which {label} has "
        "{probability:.3f}; the model itself is explained."
    )
    return f"{said.format(label=of.label, probability=before)} {why}"


class ScoredAnswers:
    """The answers by which a trial was scored, by the content of pictures."""

    def __init__(self, experiment_dir: Path, trial_id: str) -> None:
        """Read nothing yet; a trial whose answers or data are missing or damaged has none."""
        self._experiment_dir, self._trial_id = experiment_dir, trial_id

    def of(self, picture: Path) -> Mapping[str, float]:
        """Probability of each label; empty for a picture that the trial was not scored on."""
        if not self._by_content:
            return {}
        try:
            with picture_location.opened(picture) as file:
                content = hashlib.sha256(file.read()).hexdigest()
        except (OSError, UnreadablePicture):
            return {}
        return self._by_content.get(content, {})

    @functools.cached_property
    def _by_content(self) -> Mapping[str, Mapping[str, float]]:
        path = store.predictions_path(self._experiment_dir, self._trial_id)
        if not (path.is_file() and store.samples_path(self._experiment_dir).is_file()):
            return {}
        try:
            samples, found = store.load_samples(self._experiment_dir), store.load_predictions(path)
        except DamagedFileError:  # the explanation is complete without them
            return {}
        names, contents = store.class_names(samples), samples.set_index("id")["content_hash"]
        rows = zip(found.sample_ids.tolist(), found.probabilities.tolist(), strict=True)
        return {str(contents[row]): dict(zip(names, each, strict=True)) for row, each in rows}
