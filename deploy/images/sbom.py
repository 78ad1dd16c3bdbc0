# SPDX-License-Identifier: EUPL-1.2
"""Completes a CycloneDX SBOM of a Python environment with the Debian packages of its image.

Reads the SBOM on stdin, writes it to stdout; arguments: the service, and a table of package, version, architecture.
"""

import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator


def complete(sbom: dict[str, Any], service: str, packages: str) -> dict[str, Any]:
    """Return the SBOM with Debian's packages among its components and the service as its subject."""
    rows = [line.split("\t") for line in packages.splitlines()]
    subject = {
        "type": "container",
        "bom-ref": f"stadttakt-{service}",
        "name": f"stadttakt-{service}",
    }
    return {
        **sbom,
        "metadata": {**sbom.get("metadata", {}), "component": subject},
        "components": [*sbom.get("components", []), *(_debian(*row) for row in rows)],
    }


def _debian(name: str, version: str, architecture: str) -> dict[str, str]:
    purl = f"pkg:deb/debian/{quote(name, safe='')}@{quote(version, safe='')}?arch={architecture}"
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}


def main(service: str, packages: Path) -> None:
    """Complete the SBOM; ends with an error if CycloneDX's own schema does not take the result."""
    sbom = complete(json.load(sys.stdin), service, packages.read_text())
    text = json.dumps(sbom, indent=1)
    fault = JsonStrictValidator(SchemaVersion.from_version(sbom["specVersion"])).validate_str(text)
    if fault is not None:
        sys.exit(f"the SBOM is not valid: {fault}")
    sys.stdout.write(text)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
