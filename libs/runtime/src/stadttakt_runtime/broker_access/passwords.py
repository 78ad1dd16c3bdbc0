# SPDX-License-Identifier: EUPL-1.2
"""Secrets of logins and Mosquitto's password file; a secret that is there stays as it is."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import stat
from collections.abc import Iterable
from pathlib import Path

BYTES = 24
# The secrets are random and long: more rounds would only make each login slower.
ITERATIONS = 1000


def kept_secret(file: Path) -> str:
    """Return the secret that a file holds, after drawing one where it is not there; for its owner only."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not file.exists():
        write_whole(file, secrets.token_urlsafe(BYTES), mode=0o600)
    return file.read_text(encoding="utf-8").strip()


def password_line(user: str, password: str) -> str:
    """Return a line of Mosquitto's password file (PBKDF2 of SHA-512)."""
    salt = os.urandom(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS)
    coded = [base64.b64encode(part).decode() for part in (salt, digest)]
    return f"{user}:$7${ITERATIONS}${coded[0]}${coded[1]}\n"


def write_password_file(file: Path, logins: Iterable[tuple[str, str]]) -> None:
    """Write the password file anew, whole or not at all."""
    write_whole(file, "".join(password_line(user, password) for user, password in logins))


def write_whole(file: Path, text: str, *, mode: int = 0o640) -> None:
    """Write a file that a server may read at any time.

    One that is there keeps owner and mode, for servers read it as users of their own; a new one gets the mode, and, written
    by root, its folder's owner. Raises PermissionError for somebody else's file.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
        stream.write(text)
        if file.exists():
            before = file.stat()
            os.fchown(stream.fileno(), before.st_uid, before.st_gid)
            mode = stat.S_IMODE(before.st_mode)
        elif os.geteuid() == 0:
            folder = file.parent.stat()
            os.fchown(stream.fileno(), folder.st_uid, folder.st_gid)
        os.fchmod(stream.fileno(), mode)
    draft.replace(file)
