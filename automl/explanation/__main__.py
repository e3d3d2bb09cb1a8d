"""`python -m automl.explanation`: requests on standard input, replies on its output."""

import os
import sys

# what a library prints must not get between the replies
replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

from automl.explanation import worker  # noqa: E402 (slow, and it may print)

worker.serve(sys.stdin.buffer, replies)
