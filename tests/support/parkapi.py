# SPDX-License-Identifier: EUPL-1.2
"""The models by which importers read ParkAPI: their own code, of packages unpacked on the first call.

The newest that runs on this Python is 0.24; of later words and fields the tests have a transcription.
"""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from stadttakt_local import layout
from support.python_packages import unpack_locked

# The package itself imports every converter, with all that these need; its models are read without it.
READER = """
import json, sys, types
folder, model = sys.argv[1:]
package = types.ModuleType("parkapi_sources")
package.__path__ = [f"{folder}/parkapi_sources"]
sys.modules["parkapi_sources"] = package
from validataclass.exceptions import ValidationError
from validataclass.validators import DataclassValidator
from parkapi_sources import models
validator = DataclassValidator(getattr(models, model))
read = []
for item in json.load(sys.stdin):
    try:
        found = validator.validate(item).to_dict()
        read.append({"read": json.loads(json.dumps(found, default=lambda each: getattr(each, "value", str(each))))})
    except ValidationError as error:
        read.append({"refused": error.to_dict()})
json.dump(read, sys.stdout)
"""


def read_by(model: str, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what a model of the importers makes of each item: what it has `read`, or why it `refused` it."""
    folder = _unpacked()
    command = [sys.executable, "-W", "ignore", "-c", READER, str(folder), model]
    told = subprocess.run(
        command,
        input=json.dumps(items),
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(folder)},
    )
    assert told.returncode == 0, told.stderr
    found: list[dict[str, Any]] = json.loads(told.stdout)
    return found


def _unpacked() -> Path:
    folder = layout.LOCAL / "consumers"
    layout.LOCAL.mkdir(exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            _install(folder)
    return folder


def _install(folder: Path) -> None:
    unfinished = folder.with_suffix(".part")
    shutil.rmtree(unfinished, ignore_errors=True)
    unpack_locked("consumers.lock", unfinished)
    unfinished.rename(folder)
