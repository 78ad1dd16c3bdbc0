# SPDX-License-Identifier: EUPL-1.2
"""The folder that a publisher needs to deliver to the stand-in: its targets, certificates, passwords."""

from __future__ import annotations

import secrets
from pathlib import Path

from stadttakt_simulators.mobilithek.authority import Authority
from stadttakt_simulators.mobilithek.broker import Broker

CLIENT = "stadttakt-simulated"
USER = "stadttakt-simulated"
PUBLICATIONS = {
    "datex2-v2-parking-table": "simulated-static",
    "datex2-v2-parking-status": "simulated-live",
}
AUTHORITY, CA = "authority.pem", "ca.pem"
P12, P12_PASSWORD, PARKAPI_PASSWORD = "client.p12", "client.password", "parkapi.password"
TARGETS = """\
# SIMULATED: made by the stand-in for the local stack. Nothing of it leaves this machine.
targets:
  - target_id: mobilithek-simulated
    kind: mobilithek
    url: https://127.0.0.1:PORT/mobilithek/api/v1.0
    ca_file: ca.pem
    certificate: {p12_file: client.p12, password_file: client.password}
    gzip: true
    simulated: true
    timeout_s: 10
    offers:
      - {feed: datex2-v2-parking-table, publication_id: simulated-static}
      - {feed: datex2-v2-parking-status, publication_id: simulated-live, at_least_every_min: 5, at_most_every_s: 30}
  - target_id: parkapi-simulated
    kind: parkapi
    url: https://127.0.0.1:PORT
    ca_file: ca.pem
    username: stadttakt-simulated
    password_file: parkapi.password
    simulated: true
    timeout_s: 10
    offers:
      - {feed: parkapi-v3-parking-sites, at_least_every_min: 5, at_most_every_s: 30}
"""


def write_folder(folder: Path, port: int) -> None:
    """Write what publisher and stand-in need to know of each other, anew."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    authority = Authority.new("Stadttakt simulated authority")
    own = authority.own
    _write(folder / AUTHORITY, own.certificate_pem + own.key_pem())
    _write(folder / CA, authority.certificate_pem)
    password = secrets.token_urlsafe(16)
    _write(folder / P12, authority.issue(CLIENT).p12(password))
    _write(folder / P12_PASSWORD, password.encode())
    _write(folder / PARKAPI_PASSWORD, secrets.token_urlsafe(16).encode())
    _write(folder / "targets.yaml", TARGETS.replace("PORT", str(port)).encode())


def read_folder(folder: Path) -> tuple[Authority, Broker]:
    """Return the stand-in's half of a folder."""
    authority = Authority.load((folder / AUTHORITY).read_bytes())
    users = {USER: (folder / PARKAPI_PASSWORD).read_text().strip()}
    return authority, Broker(dict.fromkeys(PUBLICATIONS.values(), CLIENT), users)


def _write(file: Path, content: bytes) -> None:
    file.touch(mode=0o600)
    file.write_bytes(content)
