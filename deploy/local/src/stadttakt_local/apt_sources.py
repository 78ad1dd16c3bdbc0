# SPDX-License-Identifier: EUPL-1.2
"""Debian mirrors named by the machine's own apt sources; reads files, asks no network."""

import re
from collections.abc import Iterator
from pathlib import Path

# A foreign repository may use a Debian codename as its suite, but not with Debian's component names.
_DEBIAN_SUITE = re.compile(
    r"^(old)?(old)?(stable|testing|unstable|sid|bookworm|trixie|forky|duke)(-updates|-backports)?$"
)
_ONE_LINE = re.compile(r"^deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+(.+)$")


def debian_mirrors(etc_apt: Path = Path("/etc/apt")) -> list[str]:
    """Return the http(s) mirrors of Debian's main archive, most likely first, each once."""
    found: list[str] = []
    for uri, suite, components in _entries(etc_apt):
        if _DEBIAN_SUITE.match(suite) and "main" in components and "security" not in uri:
            found += _resolved(uri)
    unique = list(dict.fromkeys(uri.rstrip("/") for uri in found))
    return sorted(unique, key=lambda uri: not uri.endswith("/debian"))


def _entries(etc_apt: Path) -> Iterator[tuple[str, str, list[str]]]:
    parts = etc_apt / "sources.list.d"
    for path in sorted(parts.glob("*.sources")):
        yield from _deb822(path.read_text(errors="replace"))
    for path in [etc_apt / "sources.list", *sorted(parts.glob("*.list"))]:
        if path.is_file():
            yield from _one_line(path.read_text(errors="replace"))


def _deb822(text: str) -> Iterator[tuple[str, str, list[str]]]:
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", lines):
        field = {
            key.lower(): value.split()
            for key, value in re.findall(r"^([\w-]+):((?:.*)(?:\n[ \t].*)*)", stanza, re.MULTILINE)
        }
        if "deb" not in field.get("types", []) or field.get("enabled", ["yes"])[0].lower() in {
            "no",
            "false",
        }:
            continue
        for uri in field.get("uris", []):
            for suite in field.get("suites", []):
                yield uri, suite, field.get("components", [])


def _one_line(text: str) -> Iterator[tuple[str, str, list[str]]]:
    for line in text.splitlines():
        if match := _ONE_LINE.match(line.split("#")[0].strip()):
            yield match[1], match[2], match[3].split()


def _resolved(uri: str) -> list[str]:
    """Debian's cloud images name a file that lists the mirrors."""
    scheme, _, rest = uri.partition(":")
    if scheme in {"http", "https"}:
        return [uri]
    if scheme == "mirror+file" and Path(rest).is_file():
        lines = Path(rest).read_text(errors="replace").splitlines()
        return [line.split()[0] for line in lines if line.startswith("http")]
    return []
