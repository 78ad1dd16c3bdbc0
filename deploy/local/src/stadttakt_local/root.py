# SPDX-License-Identifier: EUPL-1.2
"""The private Debian root with TimescaleDB and Mosquitto below the project; runs nothing from it."""

import fcntl
import json
import os
import platform
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stadttakt_local import layout
from stadttakt_local.debian_tools import debian_tools
from stadttakt_local.debootstrap import (
    PackagesMissingError,
    Suite,
    mirror_with,
    mirrors,
    run_debootstrap,
)
from stadttakt_local.errors import StackError
from stadttakt_local.privileges import bind_devices, in_user_namespace, require_root
from stadttakt_local.progress import Progress, Report
from stadttakt_local.settings import MIRROR, SUITE

_MARKER = "stadttakt-root.json"
_BROKER = ("mosquitto", "mosquitto-clients")
_BACKUP = ("pgbackrest",)
_FORKY = Suite("forky", ("postgresql-18", "postgresql-18-timescaledb", *_BROKER, *_BACKUP))
_TRIXIE = Suite(
    "trixie",
    ("postgresql-17", "postgresql-17-timescaledb", *_BROKER, *_BACKUP),
    lacks=(
        "durable broker: Mosquitto 2.0 loses acknowledged messages when it is killed (2.1 does not)",
    ),
)
_NEEDED_BYTES = 1_500_000_000
_ARCHITECTURES = {"x86_64", "aarch64", "ppc64le", "riscv64", "s390x"}


def ensure_root(report: Report, *, target: Path = layout.ROOT) -> Path:
    """Return the installed root, after installing it where it is not there yet; whole or not at all."""
    require_root()
    target.parent.mkdir(parents=True, exist_ok=True)
    if not _is_installed(target):
        with _alone(target.with_suffix(".lock")):
            if not _is_installed(target):
                _install(target, report)
    if in_user_namespace():
        bind_devices(target)
    return target


def lacking(root: Path) -> list[str]:
    """Return the guarantees that the root's packages cannot give, in words for people."""
    marker: dict[str, list[str]] = json.loads((root / _MARKER).read_text())
    return marker["lacks"]


def _is_installed(target: Path) -> bool:
    marker = target / _MARKER
    if not marker.exists():
        return False
    suite, wanted = json.loads(marker.read_text())["suite"], os.environ.get(SUITE)
    if wanted and wanted != suite:
        raise StackError(
            f"The installed root is Debian {suite}, but {SUITE}={wanted}.",
            "Unset the setting, or run `make clean` first (it removes the data as well).",
        )
    return True


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _install(target: Path, report: Report) -> None:
    report(Progress("Looking for Debian packages"))
    _require_machine(target)
    tools = debian_tools(layout.TOOLS)
    layout.LOG.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".part")
    for suite in _candidates():
        mirror = mirror_with(suite.name, tools, layout.TOOLS)
        if mirror is None:
            continue
        _remove_tree(unfinished)
        unfinished.mkdir(mode=0o755)
        try:
            log = layout.LOG / "debootstrap.log"
            run_debootstrap(tools, suite, mirror, target=unfinished, log=log, report=report)
        except PackagesMissingError:
            continue
        _finish(unfinished, target, suite, mirror=mirror)
        return
    _remove_tree(unfinished)
    raise StackError(
        f"No mirror has the packages (tried {', '.join(mirrors()) or 'none: no Debian line in the apt sources'}; "
        f"suites {', '.join(suite.name for suite in _candidates())}).",
        f"Give a Debian mirror as {MIRROR}=http://... and, if need be, a suite as {SUITE}=trixie.",
    )


def _finish(unfinished: Path, target: Path, suite: Suite, *, mirror: str) -> None:
    for archive in (unfinished / "var/cache/apt/archives").glob("*.deb"):
        archive.unlink()
    layout.data_home(unfinished).mkdir(parents=True)
    marker = {"suite": suite.name, "mirror": mirror, "lacks": suite.lacks}
    (unfinished / _MARKER).write_text(json.dumps(marker))
    _remove_tree(target)
    unfinished.rename(target)


def _candidates() -> list[Suite]:
    wanted = os.environ.get(SUITE)
    if not wanted:
        return [_FORKY, _TRIXIE]
    return [_TRIXIE] if wanted == _TRIXIE.name else [Suite(wanted, _FORKY.packages)]


def _require_machine(target: Path) -> None:
    if platform.system() != "Linux" or platform.machine() not in _ARCHITECTURES:
        raise StackError(
            f"Debian has no TimescaleDB for {platform.system()} on {platform.machine()}.",
            "Use a 64-bit Linux machine, or the containers (deploy/compose.yaml).",
        )
    if any(character.isspace() for character in str(target)):
        raise StackError(
            f"debootstrap cannot work in {target}: the path has a space.", "Move the project."
        )
    free = shutil.disk_usage(target.parent).free
    if free < _NEEDED_BYTES:
        raise StackError(
            f"Only {free // 1_000_000} MB are free in {target.parent}; {_NEEDED_BYTES // 1_000_000} MB are needed.",
            "Free some space, or put the project on a larger disk.",
        )


def _remove_tree(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
