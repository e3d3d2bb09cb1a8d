"""`python -m automl.explanation`: reads requests from standard input, writes replies to its output.

See `automl.explanation.request` for both.
"""

import os
import sys


def main() -> None:
    # a library that prints must not write between the replies: its output goes to standard error
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    from automl.explanation import worker  # imports torch, which may print

    worker.serve(sys.stdin.buffer, replies)


if __name__ == "__main__":
    main()
