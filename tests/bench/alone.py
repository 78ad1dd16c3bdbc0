# SPDX-License-Identifier: EUPL-1.2
"""Work in a process of its own, so that the most memory that it had is its own: not that of what was measured before it.

Started as a program and not by `multiprocessing`, which would load all scenarios there as well.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from architecture.tracked import ROOT

P = ParamSpec("P")
T = TypeVar("T")


def alone(work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """Return what a function of a module returns in a new process; what it says on the error output is seen.

    Raises:
        CalledProcessError: it failed there.

    """
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}
    command = [sys.executable, "-m", "bench.alone"]
    asked = pickle.dumps((work, args, named))
    ran = subprocess.run(command, input=asked, stdout=subprocess.PIPE, env=environment, check=True)
    returned: T = pickle.loads(ran.stdout)
    return returned


def main() -> None:
    """Do what the input says and write what it returns."""
    work, args, named = pickle.load(sys.stdin.buffer)
    sys.stdout.buffer.write(pickle.dumps(work(*args, **named)))


if __name__ == "__main__":
    main()
