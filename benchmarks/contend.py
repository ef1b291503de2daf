"""`python -m benchmarks.contend NAME`: run one contender; the task comes on standard input as JSON.

The last line of standard output are its figures as JSON, the means that it found are in `task.answer`.
"""

from __future__ import annotations

import importlib
import sys

import msgspec
import numpy as np

from benchmarks.meter import Meter
from benchmarks.task import Run, Task


def main(arguments: list[str]) -> int:
    """Run the contender that the one argument names."""
    (name,) = arguments
    run: Run = importlib.import_module(f"benchmarks.contenders.{name}").run
    task = msgspec.json.decode(sys.stdin.buffer.read(), type=Task)
    meter = Meter()
    found = run(task, meter)
    if found is not None:
        np.savez(task.answer_path, **vars(found))
    print(msgspec.json.encode(meter.figures(task.workload.observations)).decode(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
