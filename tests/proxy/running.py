# SPDX-License-Identifier: EUPL-1.2
"""nginx with the shipped configuration, but for ports, folders, names of hosts and the rate."""

from __future__ import annotations

import os
import re
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from support.authority import Authority
from support.nginx import nginx_program
from support.stack import free_ports

SHIPPED = Path(__file__).parents[2] / "deploy/proxy"
UPSTREAM = re.compile(r"(\w+) ([a-z-]+):81\d\d;")
NAME = "stadt.example"


def shipped() -> dict[str, str]:
    """Return what compose gives the proxy, by where it lies."""
    files = (path for path in SHIPPED.rglob("*") if path.is_file())
    return {str(path.relative_to(SHIPPED)): path.read_text() for path in files}


def hosts() -> dict[str, str]:
    """Return the hosts of the services that the configuration knows, by its names for them."""
    return dict(UPSTREAM.findall((SHIPPED / "place/services.conf").read_text()))


def lay_certificate(folder: Path, authority: Authority) -> None:
    """Put a certificate where the proxy reads it, in the place of one before, as whoever renews it does."""
    certificate, key = authority.issue(NAME)
    (folder / "tls").mkdir(exist_ok=True)
    (folder / "tls/fullchain.pem").write_bytes(certificate)
    (folder / "tls/privkey.pem").write_bytes(key)


@dataclass(frozen=True)
class RunningProxy:
    """A process and its folder, in which its certificate lies, issued by an authority."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]
    authority: Authority
    pull_port: int
    plain_port: int
    metrics_port: int

    def counted(self) -> dict[str, int]:
        """Return what Prometheus is told."""
        told = httpx.get(f"http://127.0.0.1:{self.metrics_port}/metrics")
        assert told.headers["content-type"].startswith("text/plain")
        lines = (line.rpartition(" ") for line in told.text.splitlines() if line[0] != "#")
        return {name: int(value) for name, _, value in lines}

    def said(self) -> str:
        """Return what nginx wrote to its log."""
        return (self.folder / "log").read_text()

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
def running_proxy(
    services: Mapping[str, int], folder: Path, files: Mapping[str, str] | None = None
) -> Iterator[RunningProxy]:
    """Yield the proxy in front of services, with compose's files or others.

    `services` are their ports by the configuration's names.
    """
    ports = dict(zip((8443, 8080, 8444, 8081, 8082), free_ports(5), strict=True))
    for name, text in (files or shipped()).items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(_here(text, services, folder, ports))
    configuration = folder / "nginx.conf"
    configuration.write_text(f"user root;\n{configuration.read_text()}")
    program, environment = nginx_program()
    environment = {**environment, "PATH": f"{program.parent}:{os.environ['PATH']}"}
    command = ["sh", str(folder / "run.sh"), str(configuration), "1", str(folder / "tls")]
    with (folder / "log").open("w") as log, (folder / "told").open("w") as out:
        authority = Authority("city")
        lay_certificate(folder, authority)
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=log, cwd=folder)
        try:
            others = (ports[8444], ports[8081], ports[8082])
            running = RunningProxy(folder, ports[8443], process, authority, *others)
            _wait_for(running)
            yield running
        finally:
            process.terminate()
            process.wait(timeout=20)


def _here(text: str, services: Mapping[str, int], folder: Path, ports: Mapping[int, int]) -> str:
    for name, host in hosts().items():
        text = re.sub(rf"\b{host}:81\d\d;", f"127.0.0.1:{services[name]};", text)
    for port, here in ports.items():
        text = text.replace(f"listen {port}", f"listen 127.0.0.1:{here}")
    # Debian 12's nginx knows HTTP/2 by another directive.
    text = text.replace("http2 on;", "").replace("/tmp/", f"{folder}/")
    text = text.replace("/tls/", f"{folder}/tls/")
    # However slow this machine is, it asks more often than that.
    return text.replace("rate=50r/s", "rate=1r/m").replace("rate=1000r/s", "rate=1r/m")


def _wait_for(proxy: RunningProxy) -> None:
    for _ in range(200):
        assert proxy.process.poll() is None, proxy.said()
        try:
            proxy.connect(proxy.authority).close()
        except ConnectionError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("nginx does not answer")
