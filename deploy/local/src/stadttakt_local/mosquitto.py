# SPDX-License-Identifier: EUPL-1.2
"""A Mosquitto broker from the private root that keeps what it acknowledged; whose rights it keeps is told it."""

import shutil
import signal
import socket
from pathlib import Path

from stadttakt_local.layout import inside
from stadttakt_local.process_table import send
from stadttakt_local.server import Server

# CONNECT of MQTT 3.1.1, clean session, no client id, and its acceptance (MQTT 3.1.1, 3.1 and 3.2).
_CONNECT = b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x05\x00\x00"
_ACCEPTED = b"\x20\x02\x00\x00"

_CONFIGURATION = """\
# Written at each start.
listener {port} 127.0.0.1
allow_anonymous true
{access}
pid_file {folder}/mosquitto.pid
log_dest stderr
log_type error
log_type warning
log_type notice
connection_messages false
set_tcp_nodelay true

{persistence}
persistent_client_expiration 14d

# The defaults drop messages above 1,000 for a consumer that is away; the bound is in bytes instead.
max_inflight_messages 20000
max_queued_messages 0
max_queued_bytes 1073741824
max_packet_size 2097152
"""
# Whoever has no login reads what the rights give to everybody.
_ACCESS = """\
password_file {folder}/passwords
acl_file {folder}/access.acl"""
_DURABLE = """\
# Each message is in the database file before it is acknowledged.
persistence_location {folder}
plugin {plugin}
plugin_opt_flush_period 0"""
_SNAPSHOT = """\
# This version writes snapshots only: what was acknowledged since the last one is lost when it is killed.
persistence true
persistence_location {folder}/
autosave_interval 1"""


class Mosquitto(Server):
    """A Mosquitto broker for one machine: with the logins and rights of a folder, or open to everybody."""

    name = "mosquitto"
    user = "mosquitto"
    stop_signal = signal.SIGTERM
    orphan_signal = signal.SIGTERM

    def __init__(
        self, root: Path, data_dir: Path, port: int, *, access: Path | None = None
    ) -> None:
        super().__init__(root, data_dir, port)
        self._access = access

    @property
    def url(self) -> str:
        """The broker's URL."""
        return f"mqtt://127.0.0.1:{self.port}"

    @property
    def durable(self) -> bool:
        """Whether an acknowledged message survives a kill."""
        return self._plugin() is not None

    def prepare(self) -> None:
        """Write the configuration."""
        self.workdir.mkdir(mode=0o700, exist_ok=True)
        self.own(self.workdir)
        folder = inside(self.root, self.workdir)
        if plugin := self._plugin():
            persistence = _DURABLE.format(folder=folder, plugin=inside(self.root, plugin))
        else:
            persistence = _SNAPSHOT.format(folder=folder)
        text = _CONFIGURATION.format(
            port=self.port,
            folder=folder,
            persistence=persistence,
            access=_ACCESS.format(folder=folder) if self._access else "",
        )
        self._configuration.write_text(text)
        self._take_access()

    def reload(self) -> None:
        """Have a running broker read logins and rights anew; nobody is disconnected."""
        self._take_access()
        for pid in self.processes():
            send(pid, signal.SIGHUP)

    def command(self) -> list[str]:
        """Return the broker's command line."""
        return ["/usr/sbin/mosquitto", "-c", inside(self.root, self._configuration)]

    def answers(self) -> bool:
        """Tell whether the broker accepts a client."""
        if not self.processes():
            return False
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as client:
                client.sendall(_CONNECT)
                return client.recv(4) == _ACCEPTED
        except OSError:
            return False

    @property
    def _configuration(self) -> Path:
        return self.data_dir / "mosquitto.conf"

    def _take_access(self) -> None:
        if self._access is None:
            return
        for name in ("passwords", "access.acl"):
            file = self.workdir / name
            shutil.copy(self._access / name, file)
            file.chmod(0o600)
            self.own(file)

    def _plugin(self) -> Path | None:
        return next(self.root.glob("usr/lib/*/mosquitto/mosquitto_persist_sqlite.so"), None)
