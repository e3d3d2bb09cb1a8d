"""`python -m automl.engine EXPERIMENT_DIR`: take the lock, then run the experiment."""

import logging
import sys
from pathlib import Path

from filelock import FileLock, Timeout

from automl import store

ALREADY_RUNNING = 3


def main(experiment_dir: Path) -> int:
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    try:
        lock = FileLock(
            store.lock_path(experiment_dir), timeout=2
        ).acquire()  # a reader asks for moments
    except Timeout:
        return ALREADY_RUNNING
    with lock:
        from automl.engine import lifecycle  # after the lock: this takes seconds

        return lifecycle.run(experiment_dir)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
