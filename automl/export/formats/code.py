"""Code: a program that trains the model again."""

from pathlib import Path
from typing import TYPE_CHECKING

from automl.export.formats import Format
from automl.texts import mark

if TYPE_CHECKING:
    from automl.export.trained_model import Answers, TrainedModel


def write(folder: Path, model: "TrainedModel") -> "Answers":
    """Write the program with the settings and the list of pictures of the trial."""
    from automl.export import training_code

    return training_code.write(folder, model)


FORMAT = Format(
    title=mark("Code"),
    description=mark("A program on torch and timm that trains this model again from the pictures."),
    order=70,
    write=write,
    usage="""\
```
pip install -r requirements.txt
python train_best.py --data PICTURES      # writes model.safetensors, and says how good it is
```

PICTURES is the folder that the paths of `pictures.csv` start from. The weights that the training
starts from come from the Hugging Face Hub, or from `--weights FOLDER` in timm's layout.""",
)
