"""`python -m automl.export REQUEST`: an export in a process of its own, see `exporting.run`.

REQUEST is an `ExportRequest` as JSON. Every line of output is a JSON object: steps with `doing` and
`progress`; in the end the result, or `error` with a sentence.
"""

import errno
import json
import os
import signal
import sys

from automl.errors import ExportError
from automl.host import termination


def main() -> int:
    termination.exit_on(signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    from automl.export.request import ExportRequest

    request = ExportRequest.from_text(sys.argv[1])
    try:
        _say(doing="Starting", progress=0.0)
        from automl.export import artefact  # imports torch

        report = artefact.export(
            request, lambda step, share: _say(doing=step, progress=round(share, 3))
        )
    except ExportError as error:
        _say(error=str(error))
        return 2
    except OSError as error:
        _say(error=f"{request.target} cannot be written: {error}.")
        return 1
    except Exception as error:  # of a library that writes files in its own way
        if os.strerror(errno.ENOSPC) not in str(error):
            raise
        _say(error=f"{request.target} cannot be written: {os.strerror(errno.ENOSPC)}.")
        return 1
    _say(**artefact.result(request, report))
    return 0


def _say(**values: object) -> None:
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
