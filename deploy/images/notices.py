# SPDX-License-Identifier: EUPL-1.2
"""Writes docs/third-party.md: what others wrote that images and a local installation bring, and under which licence."""

import re
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/third-party.md"
_HEAD = """\
# What others wrote

Stadttakt is under the [EUPL-1.2](../LICENSE). It brings, or needs beside it, the following work of others under their own
licences. `make notices` writes this page anew from the packages' metadata after `make lock`; a test compares.

## In the images
Python packages of `requirements/run.lock`. Their licence texts lie in every image beside the code, in
`/opt/stadttakt/lib/python3*/site-packages/*.dist-info`, and the SBOM of an image (`/opt/stadttakt/sbom.cdx.json`) names all
of that image, Debian's packages included, whose texts are in `/usr/share/doc/*/copyright`.

| package | version | licence |
|---|---|---|
"""
_TAIL = """
psycopg is under the LGPL: it is used as it is, as a package of its own that anyone can replace.

## Beside them
| program | licence | used as |
|---|---|---|
| [PostgreSQL](https://www.postgresql.org/about/licence/) | PostgreSQL | server of its own |
| [TimescaleDB](https://www.timescale.com/legal/licenses) | Apache-2.0; community edition: Timescale License | extension of the server, [by choice](how-to/install-one-server.md) |
| [Eclipse Mosquitto](https://mosquitto.org) | EPL-2.0 OR BSD-3-Clause | server of its own |
| [CloudNativePG](https://cloudnative-pg.io) | Apache-2.0 | operator of the chart's database, and its images of PostgreSQL and of TimescaleDB's Apache edition |
| [Prometheus, Alertmanager, node and Blackbox exporter](https://prometheus.io) | Apache-2.0 | servers of their own |
| [Grafana](https://grafana.com/licensing/) | AGPL-3.0-only | server of its own, unchanged |
| [nginx](https://nginx.org/LICENSE) | BSD-2-Clause | server of its own |

Data of others keep their own licence: it stands with every dataset and feed, and in the `SOURCE` of a city's folder.
"""
# What packages say in words of their own, as SPDX says it; their licence files were read.
_BY_HAND = {
    "aiomqtt": "BSD-3-Clause",
    "gtfs-realtime-bindings": "Apache-2.0",
    "honcho": "MIT",
    "jinja2": "BSD-3-Clause",
    "markdown-it-py": "MIT",
    "mdurl": "MIT",
    "protobuf": "BSD-3-Clause",
    "python-dateutil": "Apache-2.0 OR BSD-3-Clause",
    "quickjs-ng": "MIT",
    "shellingham": "ISC",
    "uvloop": "MIT OR Apache-2.0",
}
_SPDX = re.compile(r"[A-Za-z0-9.+-]+( (AND|OR|WITH) [A-Za-z0-9.+()-]+)*")


def page() -> str:
    """Return the page; raises `ValueError` for a package whose licence nobody has named."""
    rows = [f"| {found.name} | {found.version} | {licence(found)} |" for found in _installed()]
    return _HEAD + "\n".join(rows) + "\n" + _TAIL


def licence(found: Distribution) -> str:
    """Return the SPDX expression of an installed package (Core Metadata 2.4, License-Expression)."""
    metadata = found.metadata
    name = _normal(found.name)
    said = _BY_HAND.get(name) or metadata.get("License-Expression") or metadata.get("License", "")
    if not _SPDX.fullmatch(said.replace("(", "").replace(")", "")):
        raise ValueError(f"{name}: name its licence in {Path(__file__).name}; it says {said!r}")
    return said


def _installed() -> Iterator[Distribution]:
    lines = (ROOT / "requirements/run.lock").read_text().splitlines()
    for name in sorted({_normal(line.split("==")[0]) for line in lines if "==" in line}):
        try:
            yield distribution(name)
        except PackageNotFoundError:
            continue  # it is for another operating system


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.split("[", maxsplit=1)[0].strip()).lower()


if __name__ == "__main__":
    PAGE.write_text(page())
    sys.stdout.write(f"{PAGE.relative_to(ROOT)} written\n")
