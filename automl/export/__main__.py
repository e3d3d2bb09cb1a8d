"""`python -m automl.export CHECKPOINT_DIR TARGET TRIAL_ID`: a trial's model as ONNX."""

import sys
from pathlib import Path

from automl.export import onnx

checkpoint_dir, target, trial_id = sys.argv[1:]
onnx.export(Path(checkpoint_dir), Path(target), trial_id)
