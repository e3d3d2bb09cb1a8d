"""In place of `automl.engine.label_next`: all pictures of the place, by name, at once."""

import json
import sys
from pathlib import Path

_PICTURES = sorted(map(str, Path(sys.argv[1]).iterdir()))
_ASKED = _PICTURES[: int(sys.argv[2])]
_HAS_SETS = "image_classification_multilabel" in sys.stdin.read()
_GUESS = ["cat", "dog"] if _HAS_SETS else "cat"
sys.stdout.write(
    json.dumps(
        {
            "model_name": "none",
            "side": 8,
            "num_labelled": 12,
            "num_unlabelled": len(_PICTURES),
            "suggestions": [
                {
                    "path": path,
                    "guess": _GUESS,
                    "probability": 0.5,
                    "second": "dog",
                    "why": "unsure",
                }
                for path in _ASKED
            ],
            "forecast": [
                {"class_name": "dog", "num_pictures": 6, "num_more": 6}
                | {"gain": 0.05, "low": 0.01, "high": 0.08}
            ],
        }
    )
    + "\n"
)
