# SPDX-License-Identifier: EUPL-1.2
"""Packages of the Python index that tests look into, unpacked beside the project, never into its environment."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from stadttakt_local import layout

CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


def unpack_locked(lock: str, target: Path) -> None:
    """Unpack what a lock of `requirements` names, checked against its hashes."""
    bootstrap = [str(layout.PROJECT / "deploy/local/bootstrap.sh"), "uv"]
    uv = subprocess.run(bootstrap, capture_output=True, text=True, check=True).stdout.strip()
    environment = dict(os.environ)
    if CERTIFICATES.exists():
        # The machine's own, as `bootstrap.sh` takes them: a proxy's may be among them.
        environment.setdefault("SSL_CERT_FILE", str(CERTIFICATES))
    options = ["--quiet", "--no-deps", "--require-hashes", "--target", str(target)]
    requirements = str(layout.PROJECT / "requirements" / lock)
    subprocess.run(
        [uv, "pip", "install", *options, "--requirement", requirements],
        check=True,
        env=environment,
    )
