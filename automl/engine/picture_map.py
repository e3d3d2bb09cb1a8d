"""`python -m automl.engine.picture_map < job.yml`: places of the pictures in two dimensions.

Prints `done total` for the pictures while it reads them, and the map as JSON at the end.
"""

from automl.engine import first_score, side_answers
from automl.engine.side_answers import Counted
from automl.errors import UserError
from automl.evaluation.picture_map import PictureMap
from automl.jobs.job import Job
from automl.model import map_layout

MAX_PICTURES = 10_000
"""Pictures on the map; of more a random choice."""

_FEWEST = 2


def draw(job: Job, progress: Counted) -> PictureMap:
    """The map of the pictures that are not test pictures, on the features of the first score.

    Blocking findings are about labels, and do not keep pictures from a map.

    Raises:
        UserError: the data cannot be read, there are no pretrained weights, or there are too few
            pictures.
    """
    data = first_score.read(job)
    count = len(first_score.in_use(data))
    if count < _FEWEST:
        raise UserError(f"A map needs two pictures, and there are {count}. Add pictures.")
    looked = first_score.look_at(data, job, progress, most=MAX_PICTURES)
    paths = looked.samples["path"].tolist()
    x, y = map_layout.layout(looked.features).round(2).T.tolist()
    return PictureMap(
        model_name=looked.hyperparameters.model_name,
        side=looked.hyperparameters.validation_crop_size,
        num_left_out=looked.num_left_out,
        paths=paths,
        x=x,
        y=y,
    )


if __name__ == "__main__":
    side_answers.give(lambda job, counted: [draw(job, counted)])
