# SPDX-License-Identifier: EUPL-1.2
"""A folder of somebody who types what pages print, with tools that know a test's own database and broker."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from sqlalchemy.engine import make_url

from architecture.test_compose import read as compose
from stadttakt_local.backing import backing
from stadttakt_local.layout import inside
from stadttakt_local.settings import Ports
from support.helm import kubectl_program
from support.stack import Stack

# Without what is installed for tests, as on a server.
PYTHON: str = sys._base_executable  # type: ignore[attr-defined]
ROOT = Path(__file__).parents[2]
TOOLS = ("docker", "kubectl", "helm", "git", "make")


class Desk:
    """A checkout whose tools are pretended.py; what is written to lies in `folder`."""

    def __init__(self, folder: Path, server: Stack) -> None:
        self.folder, self.server = folder, server
        self.metrics = folder / "metrics"
        self.metrics.mkdir()
        (folder / ".local").mkdir()
        (folder / ".local/root").symlink_to(server.postgres.root)
        (folder / "helm").symlink_to(ROOT / "helm")
        (folder / "deploy").mkdir()
        for each in (ROOT / "deploy").iterdir():
            if each.name not in {"setup", ".env"}:
                (folder / "deploy" / each.name).symlink_to(each)
        (folder / "my-values.yaml").write_text("{}")
        (folder / "bin").mkdir()
        pretended = f"exec {PYTHON} -IS {Path(__file__).with_name('pretended.py')}"
        for name in TOOLS:
            tool = folder / "bin" / name
            tool.write_text(f'#!/bin/sh\n{pretended} {name} "$@"\n')
            tool.chmod(0o755)

    def type(self, commands: str, user: str = "stadttakt") -> subprocess.CompletedProcess[str]:
        """Run commands; `user` is whom the database knows inside of its container."""
        path = f"{self.folder / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        here = re.sub(r"(?<![\w/])/backup/", f"{self.folder}/copies/", commands)
        root, data = self.server.postgres.root, self.server.postgres.data_dir.parent
        of_make_run = backing(root, Ports()).postgres.data_dir.parent
        here = here.replace(f" data={inside(root, of_make_run)}", f" data={inside(root, data)}")
        here = here.replace(":5442/", f":{self.server.postgres.port}/")
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", here],
            cwd=self.folder,
            env={
                **os.environ,
                "PATH": path,
                "PRETENDED": json.dumps(self.given(user)),
                "BACKUP_METRICS": str(self.metrics),
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def given(self, user: str) -> dict[str, object]:
        """Return what the pretended tools must know."""
        postgres, broker = self.server.postgres, self.server.mosquitto
        url = make_url(postgres.url if user == "stadttakt" else postgres.admin_url)
        inside = {"PGHOST": "127.0.0.1", "PGPORT": url.port, "PGPASSWORD": url.password}
        return {
            "database": [f"{name}={value}" for name, value in inside.items()],
            "port": url.port,
            "root": str(postgres.root),
            "broker": broker.pid,
            "store": str(broker.workdir),
            "python": PYTHON,
            "helm": str(kubectl_program().with_name("helm")),
            "kubectl": str(kubectl_program()),
            "stadttakt": str(Path(sys.executable).with_name("stadttakt")),
            "images": images_of_compose(),
        }

    def typed(self) -> list[str]:
        """Return what the pretended tools were called with, in order."""
        return (self.folder / "typed.log").read_text().splitlines()


def images_of_compose() -> dict[str, list[str]]:
    """Return by profile the images of compose, those of every profile under an empty name."""
    found: dict[str, list[str]] = {}
    for service in compose()["services"].values():
        for profile in service.get("profiles", [""]):
            found.setdefault(profile, []).append(service["image"])
    return found
