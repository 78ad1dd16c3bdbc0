# SPDX-License-Identifier: EUPL-1.2
"""The right to change root and user, which the private Debian root needs; grants nothing itself."""

import os
import subprocess
import sys
from pathlib import Path

from stadttakt_local.errors import StackError

_NAMESPACE = ("unshare", "--map-root-user", "--map-auto", "--mount")


def require_root() -> None:
    """Refuse to go on without root's rights."""
    if os.geteuid() != 0:
        raise StackError(
            "The stack runs from a private Debian root, which needs root's rights (chroot).",
            "Run as root, or through `python -m stadttakt_local exec -- <command>` where user namespaces are allowed.",
        )


def become_root(argv: list[str]) -> None:
    """Run argv again as root of a new user namespace, unless this process is root already."""
    if os.geteuid() == 0:
        return
    reason = _why_no_namespace()
    if reason is not None:
        raise StackError(
            f"Not root, and no user namespaces: {reason}.",
            "Run as root (sudo make run), or install `uidmap`, give the user a range in /etc/subuid and "
            "/etc/subgid, and allow unprivileged user namespaces.",
        )
    os.execvp(_NAMESPACE[0], [*_NAMESPACE, *argv])  # noqa: S606


def in_user_namespace() -> bool:
    """Tell whether root here is somebody else outside."""
    return Path("/proc/self/uid_map").read_text().split() != ["0", "0", "4294967295"]


def bind_devices(root: Path) -> None:
    """Give a root the machine's devices for as long as this user namespace, which may make none, lives."""
    for name in ("null", "zero", "full", "random", "urandom"):
        device = root / "dev" / name
        if not device.is_char_device():
            device.touch()
            subprocess.run(["mount", "--bind", f"/dev/{name}", device], check=True)


def _why_no_namespace() -> str | None:
    try:
        trial = subprocess.run(
            [*_NAMESPACE, "true"], capture_output=True, text=True, check=False, timeout=20
        )
    except OSError as error:
        return str(error)
    return None if trial.returncode == 0 else (trial.stderr.strip() or "unshare failed")


def own_command() -> list[str]:
    """Return the command line that started this interpreter, fit to be run again."""
    return [sys.executable, "-m", "stadttakt_local", *sys.argv[1:]]
