# SPDX-License-Identifier: EUPL-1.2
"""A real broker with what a city's has: logins, rights, TLS with a certificate authority of its own."""

import base64
import hashlib
import os
import socket
from collections.abc import Mapping
from pathlib import Path

from stadttakt_local.layout import inside
from stadttakt_local.mosquitto import Mosquitto

ITERATIONS = 1000


def password_line(user: str, password: str) -> str:
    """Return a line of Mosquitto's password file (PBKDF2 of SHA-512)."""
    salt = os.urandom(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS)
    coded = [base64.b64encode(part).decode() for part in (salt, digest)]
    return f"{user}:$7${ITERATIONS}${coded[0]}${coded[1]}\n"


class SecuredMosquitto(Mosquitto):
    """The local stack's broker with files beside its configuration and lines at its end."""

    files: Mapping[str, bytes] = {}
    lines: tuple[str, ...] = ()

    def prepare(self) -> None:
        """Write files and configuration; `{folder}` in a line is where the broker sees them."""
        super().prepare()
        self._lay_files()
        folder = inside(self.root, self.workdir)
        text = self._configuration.read_text()
        added = "\n".join(line.format(folder=folder) for line in self.lines)
        self._configuration.write_text(f"{text}\n{added}\n")

    def replace(self, files: Mapping[str, bytes]) -> None:
        """Replace files while it runs, and have it read them; nobody is disconnected."""
        self.files = files
        self._lay_files()
        self.reload()

    def _lay_files(self) -> None:
        for name, content in self.files.items():
            path = self.workdir / name
            path.write_bytes(content)
            path.chmod(0o600)
            self.own(path)

    def answers(self) -> bool:
        """Tell whether it listens; what it answers to a stranger is the test's matter."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return bool(self.processes())
        except OSError:
            return False

    def plugin(self, name: str) -> str:
        """Return where the broker finds one of its plugins."""
        return inside(self.root, next(self.root.glob(f"usr/lib/*/{name}.so")))


def secured(like: Mosquitto, *lines: str, files: Mapping[str, bytes]) -> SecuredMosquitto:
    """Return a broker in another's place."""
    folder: Path = like.data_dir
    broker = SecuredMosquitto(like.root, folder, like.port)
    broker.lines, broker.files = lines, files
    return broker
