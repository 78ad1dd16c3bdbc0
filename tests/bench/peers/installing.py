# SPDX-License-Identifier: EUPL-1.2
"""The others' programs, installed below `.local/peers` when they are asked for the first time."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from stadttakt_local import layout

FOLDER = layout.LOCAL / "peers"
NODE_RED = ("node-red@4.1.15", "pg@8.23.1")
MQ_BRIDGE = "mq-bridge==1.2.0"


def node_red() -> Path:
    """Return the folder with Node-RED and pg, of these versions."""
    folder = FOLDER / "-".join(NODE_RED).replace("@", "-")
    if not folder.exists():
        part = _begun(folder)
        (part / "package.json").write_text('{"private": true}\n', encoding="utf-8")
        options = ["--prefix", str(part), "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run(["npm", "install", *options, *NODE_RED], check=True, stdout=sys.stderr)
        part.rename(folder)
    return folder


def mq_bridge() -> Path:
    """Return the Python that has mq-bridge."""
    folder = FOLDER / MQ_BRIDGE.replace("==", "-")
    if not folder.exists():
        part = _begun(folder)
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(part)], check=True)
        bootstrap = [str(layout.PROJECT / "deploy/local/bootstrap.sh"), "uv"]
        uv = subprocess.run(bootstrap, capture_output=True, text=True, check=True).stdout.strip()
        options = ["--quiet", "--python", str(part / "bin/python")]
        subprocess.run([uv, "pip", "install", *options, MQ_BRIDGE], check=True, stdout=sys.stderr)
        part.rename(folder)
    return folder / "bin/python"


def _begun(folder: Path) -> Path:
    """Return an empty folder beside, so that what was interrupted is not taken for installed."""
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    return part
