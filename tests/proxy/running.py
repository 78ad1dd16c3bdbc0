# SPDX-License-Identifier: EUPL-1.2
"""nginx with the shipped configuration, but for ports, folders, names of hosts and the rate."""

from __future__ import annotations

import re
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.authority import Authority
from support.nginx import nginx_program
from support.stack import free_ports

CONFIGURATION = Path(__file__).parents[2] / "deploy/proxy/nginx.conf"
UPSTREAM = re.compile(r"(\w+) [a-z-]+:(81\d\d);")
NAME = "stadt.example"


def upstreams() -> list[str]:
    """Return the names of the services that the configuration knows."""
    return [name for name, _ in UPSTREAM.findall(CONFIGURATION.read_text())]


@dataclass(frozen=True)
class RunningProxy:
    """A process and its folder, in which its certificate lies, issued by an authority."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]
    authority: Authority
    pull_port: int

    def show(self, authority: Authority) -> None:
        """Put another certificate in the place of the one before, as whoever renews it does."""
        certificate, key = authority.issue(NAME)
        (self.folder / "fullchain.pem").write_bytes(certificate)
        (self.folder / "privkey.pem").write_bytes(key)

    def reload(self) -> subprocess.CompletedProcess[str]:
        """Do what the guide says: `nginx -s reload`."""
        program, environment = nginx_program()
        command = [*command_of(program, self.folder), "-s", "reload"]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    @staticmethod
    def trusting(authority: Authority) -> ssl.SSLContext:
        """Return the settings of a client that trusts an authority and no other."""
        return ssl.create_default_context(cadata=authority.certificate.decode())

    def connect(self, authority: Authority) -> ssl.SSLSocket:
        """Open a connection as such a client."""
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        return self.trusting(authority).wrap_socket(plain, server_hostname="127.0.0.1")

    def is_trusted_by(self, authority: Authority) -> bool:
        """Tell whether such a client gets a connection."""
        try:
            self.connect(authority).close()
        except ssl.SSLCertVerificationError:
            return False
        return True


@contextmanager
def running_proxy(services: Mapping[str, int], folder: Path) -> Iterator[RunningProxy]:
    """Yield nginx in front of services; `services` are their ports by the configuration's names."""
    https, http, pull = free_ports(3)
    text = UPSTREAM.sub(
        lambda found: f"{found[1]} 127.0.0.1:{services[found[1]]};", CONFIGURATION.read_text()
    )
    text = text.replace("listen 8443", f"listen 127.0.0.1:{https}")
    text = text.replace("listen 8444", f"listen 127.0.0.1:{pull}")
    text = text.replace("listen 8080", f"listen 127.0.0.1:{http}")
    # Debian 12's nginx knows HTTP/2 by another directive.
    text = text.replace("http2 on;", "").replace("/tmp/", f"{folder}/")
    text = text.replace("/tls/", f"{folder}/").replace("/dev/stdout", f"{folder}/access")
    # However slow this machine is, it asks more often than that.
    assert "rate=50r/s" in text
    text = text.replace("rate=50r/s", "rate=1r/m").replace("rate=1000r/s", "rate=1r/m")
    (folder / "nginx.conf").write_text(f"daemon off;\nuser root;\n{text}")
    program, environment = nginx_program()
    with (folder / "log").open("w") as log:
        authority = Authority("city")
        certificate, key = authority.issue(NAME)
        (folder / "fullchain.pem").write_bytes(certificate)
        (folder / "privkey.pem").write_bytes(key)
        process = subprocess.Popen(command_of(program, folder), env=environment, stderr=log)
        try:
            running = RunningProxy(folder, https, process, authority, pull)
            _wait_for(running)
            yield running
        finally:
            process.terminate()
            process.wait(timeout=20)


def command_of(program: Path, folder: Path) -> list[str]:
    """Return the command of nginx with the configuration of a folder."""
    return [str(program), "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf")]


def _wait_for(proxy: RunningProxy) -> None:
    for _ in range(200):
        assert proxy.process.poll() is None, (proxy.folder / "log").read_text()
        try:
            proxy.connect(proxy.authority).close()
        except ConnectionError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("nginx does not answer")
