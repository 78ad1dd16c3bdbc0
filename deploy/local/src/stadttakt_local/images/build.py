# SPDX-License-Identifier: EUPL-1.2
"""The services' images: one Dockerfile, one image per service, and one that has everything."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stadttakt_local.images.builder import Builder
from stadttakt_local.layout import PROJECT
from stadttakt_local.settings import Ports

CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
_PORTS = Ports()
IMAGES = {
    "uplink-decoder": _PORTS.uplink,
    "parking-occupancy": _PORTS.parking,
    "vehicle-occupancy": _PORTS.transit,
    "kpi-aggregator": _PORTS.kpi,
    "open-data-publisher": _PORTS.opendata,
    "measure-registry": _PORTS.registry,
    "all": 8100,
}
"""By image name the port that its service listens on."""


def image_name(service: str, tag: str) -> str:
    """Return the full name of a service's image."""
    return f"localhost/stadttakt/{service}:{tag}"


def build_image(builder: Builder, service: str, *, base: str | None, tag: str) -> str:
    """Build one image and return its name; packages come from where this machine's pip gets them."""
    name = image_name(service, tag)
    arguments = {
        "SERVICE": service,
        "PORT": str(IMAGES[service]),
        "REVISION": _revision(),
        **({"BASE": base} if base else {}),
    }
    options = [text for pair in arguments.items() for text in ("--build-arg", "=".join(pair))]
    with _secrets() as secrets:
        options += [text for secret in secrets for text in ("--secret", secret)]
        file = PROJECT / "deploy/Dockerfile"
        builder.build(PROJECT, file, "--network", "host", *options, "--tag", name)
    return name


@contextmanager
def _secrets() -> Iterator[list[str]]:
    """Yield pip's settings and the machine's certificates: the build uses them, no layer keeps them."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "pip.conf"
        names = {"index-url": "PIP_INDEX_URL", "extra-index-url": "PIP_EXTRA_INDEX_URL"}
        lines = [
            f"{key} = {os.environ[name]}" for key, name in names.items() if os.environ.get(name)
        ]
        found = []
        if CA_BUNDLE.exists():
            lines.append("cert = /run/secrets/ca.pem")
            found.append(f"id=ca.pem,src={CA_BUNDLE}")
        settings.write_text("\n".join(["[global]", *lines, ""]))
        yield [f"id=pip.conf,src={settings}", *found]


def _revision() -> str:
    command = ["git", "-C", str(PROJECT), "rev-parse", "HEAD"]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    return outcome.stdout.strip() or "unknown"
