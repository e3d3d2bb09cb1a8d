"""`python -m automl.export EXPERIMENT_DIR TRIAL_ID FORMAT TARGET [--int8]`: for who has no torch.

Every line of output is a JSON object: steps with `doing` and `progress`, at last the result, or
`error` with a sentence.
"""

import argparse
import json
import sys
from pathlib import Path

from automl.errors import ExportError


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m automl.export")
    parser.add_argument("experiment_dir", type=Path)
    parser.add_argument("trial_id")
    parser.add_argument("format")
    parser.add_argument("target", type=Path)
    parser.add_argument("--int8", action="store_true")
    parser.add_argument("--replace", action="store_true")
    given = parser.parse_args()
    try:
        _say(doing="Starting", progress=0.0)
        from automl.export import artefact

        found = artefact.export(
            given.experiment_dir,
            given.trial_id,
            given.format,
            given.target,
            with_int8=given.int8,
            replaces=given.replace,
            progress=lambda doing, share: _say(doing=doing, progress=round(share, 3)),
        )
    except ExportError as error:
        _say(error=str(error))
        return 2
    _say(**artefact.result(given.format, given.target, found))
    return 0


def _say(**values: object) -> None:
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
