"""`python -m automl.engine EXPERIMENT_DIR [LOCK]`: run the experiment while holding its lock.

LOCK is the file descriptor of the lock, if the starting process has taken it already.
"""

import logging
import os
import sys
from pathlib import Path

from automl.experiments import store
from automl.host import process_lock

ALREADY_RUNNING = 3


def _level(experiment_dir: Path) -> int:
    """Level of engine.log: the job's `log_verbosity`."""
    try:
        verbosity = store.load_job(experiment_dir).log_verbosity
    except (ValueError, OSError):  # the engine says what is wrong with the job
        return logging.INFO
    levels: dict[str, int] = logging.getLevelNamesMapping()
    return levels.get(verbosity.upper(), logging.INFO)


def main(experiment_dir: Path, lock: int | None = None) -> int:
    logging.basicConfig(
        level=_level(experiment_dir), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    if lock is None:
        lock = process_lock.take(store.lock_path(experiment_dir))
    if lock is None:
        return ALREADY_RUNNING
    os.set_inheritable(lock, False)  # no child of the engine may hold it
    from automl.engine import lifecycle  # takes seconds: import it once the lock is held

    return lifecycle.run(experiment_dir)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *map(int, sys.argv[2:])))
