# SPDX-License-Identifier: EUPL-1.2
"""A base image without any registry: Debian's base system from a mirror, as small as the slim images."""

import os
import shutil
import subprocess
from pathlib import Path

from stadttakt_local import layout
from stadttakt_local.debian_tools import debian_tools
from stadttakt_local.debootstrap import Suite, mirror_with, run_debootstrap
from stadttakt_local.errors import StackError
from stadttakt_local.images.builder import Builder
from stadttakt_local.progress import Report
from stadttakt_local.settings import MIRROR

SUITE = "trixie"
IMAGE = f"localhost/stadttakt/base:{SUITE}"
# What Debian's slim images leave out as well; licences (copyright files) stay.
_LEFT_OUT = (
    "./var/cache/apt/*",
    "./var/lib/apt/lists/*",
    "./var/log/*",
    "./usr/share/locale/*",
    "./usr/share/man/*",
    "./usr/share/info/*",
    "./usr/sbin/policy-rc.d",
    "./etc/postgresql-common",
    "./dev/*",
)
# As in Debian's slim images: what is installed later brings no manuals either.
_NO_MANUALS = """path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/info/*
path-exclude /usr/share/locale/*
path-exclude /usr/share/man/*
"""
_FILE = 'FROM scratch\nADD base.tar /\nCMD ["bash"]\n'


def build_base(builder: Builder, report: Report) -> str:
    """Make the base image and return its name; the system is kept for the next time."""
    folder = layout.LOCAL / "images" / "base"
    archive = folder / "base.tar"
    if not archive.exists():
        _bootstrap(folder, report)
    (folder / "Containerfile").write_text(_FILE)
    builder.build(folder, folder / "Containerfile", "--tag", IMAGE)
    return IMAGE


def _bootstrap(folder: Path, report: Report) -> None:
    system = folder / "system"
    shutil.rmtree(folder, ignore_errors=True)
    system.mkdir(mode=0o755, parents=True)
    tools = debian_tools(layout.TOOLS)
    mirror = mirror_with(SUITE, tools, layout.TOOLS)
    if mirror is None:
        raise StackError(f"No mirror has Debian {SUITE}.", f"Give one as {MIRROR}=http://...")
    layout.LOG.mkdir(parents=True, exist_ok=True)
    log = layout.LOG / "base-image.log"
    suite = Suite(SUITE, ("ca-certificates",))
    run_debootstrap(tools, suite, mirror, target=system, log=log, report=report)
    _without_manuals(system)
    archive = folder / "base.tar"
    left_out = [f"--exclude={pattern}" for pattern in _LEFT_OUT]
    command = ["tar", "--numeric-owner", "--sort=name", *left_out, "-C", str(system), "-cf"]
    unfinished = archive.with_suffix(".part")
    subprocess.run([*command, str(unfinished), "."], check=True, env=dict(os.environ))
    shutil.rmtree(system)
    unfinished.rename(archive)


def _without_manuals(system: Path) -> None:
    (system / "etc/dpkg/dpkg.cfg.d/slim").write_text(_NO_MANUALS)
    for path in (system / "usr/share/doc").rglob("*"):
        if path.name != "copyright" and (path.is_symlink() or path.is_file()):
            path.unlink()
