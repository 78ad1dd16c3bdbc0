# SPDX-License-Identifier: EUPL-1.2
"""A container of an image, run as an orchestrator would: its own user, a root that cannot be written to."""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stadttakt_local.images.builder import Builder

_START = """
mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && mount --rbind /dev "$1/dev" && mount -t proc proc "$1/proc"
user=$2 root=$1 && shift 2 && exec chroot --userspec="$user" "$root" "$@"
"""


@dataclass(frozen=True)
class Container:
    """An image's files and what its configuration says of starting it."""

    root: Path
    configuration: dict[str, Any]

    def start(self, command: list[str], **settings: str) -> subprocess.Popen[str]:
        """Start a command in the container with the image's environment and these settings."""
        pairs = [*self.configuration["Env"], *(f"{key}={value}" for key, value in settings.items())]
        apart = [
            "unshare",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "sh",
            "-euc",
            _START,
            "sh",
        ]
        return subprocess.Popen(
            [*apart, str(self.root), self.configuration["User"], "env", "-i", *pairs, *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, command: list[str], **settings: str) -> tuple[int, str]:
        """Run a command to its end; return its status and what it said."""
        process = self.start(command, **settings)
        said, _ = process.communicate(timeout=60)
        return process.returncode, said


@contextmanager
def container_of(builder: Builder, image: str) -> Iterator[Container]:
    """Yield a container of an image of buildah's; it goes at the end, the image stays."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    builder.run("from", "--name", name, image, output=True)
    try:
        root = Path(builder.run("mount", name, output=True).strip())
        told = json.loads(builder.run("inspect", "--type", "image", image, output=True))
        yield Container(root, told["Docker"]["config"])
    finally:
        builder.run("rm", name, output=True)


def bytes_below(root: Path) -> int:
    """Return the size of all files, each once however many names it has."""
    seen = {}
    for folder, _, names in os.walk(root):
        for name in names:
            found = os.lstat(Path(folder) / name)
            seen[found.st_ino] = found.st_size
    return sum(seen.values())
