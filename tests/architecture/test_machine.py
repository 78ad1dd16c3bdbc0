# SPDX-License-Identifier: EUPL-1.2
"""Nothing tracked names the machine that it was written on: no path, no registry, no mirror."""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from architecture.tracked import ROOT, texts

HOME = Path.home()
OWN = (ROOT, HOME)
CONFIGURATION = (
    Path("/etc/pip.conf"),
    HOME / ".pip/pip.conf",
    HOME / ".config/pip/pip.conf",
    Path("/etc/uv/uv.toml"),
    HOME / ".config/uv/uv.toml",
    Path("/etc/npmrc"),
    Path("/usr/etc/npmrc"),
    HOME / ".npmrc",
    Path("/etc/apt/sources.list"),
    *Path("/etc/apt/sources.list.d").glob("*"),
    *Path("/etc/apt/apt.conf.d").glob("*"),
)
VARIABLES = re.compile(r"(PIP|UV|NPM_CONFIG)_.*|GOPROXY|(HTTPS?|ALL|FTP)_PROXY", re.IGNORECASE)
OURS = re.compile(r"(.+\.)?example\.(org|com|net)|localhost|127\.0\.0\.1|\[?::1\]?")
"""What everyone may name: names kept for examples (RFC 2606), and this machine's loopback."""


def hosts_in(text: str) -> Iterator[str]:
    for url in re.findall(r"[a-z+]+://[^\s\"'<>\[\],]+", text, flags=re.IGNORECASE):
        try:
            host = urlsplit(url).hostname
        except ValueError:
            continue
        if host and not OURS.fullmatch(host):
            yield host


def hosts_of_this_machine() -> set[str]:
    found: set[str] = set()
    for path in CONFIGURATION:
        try:
            found |= set(hosts_in(path.read_text(errors="replace")))
        except OSError:
            continue
    for name, value in os.environ.items():
        if VARIABLES.fullmatch(name):
            found |= set(hosts_in(value))
    return found


def named_in(documents: dict[str, str], hosts: Iterable[str]) -> list[str]:
    """Return the files that name a host; the hosts themselves go into no report."""
    patterns = {
        # A host of one label is an ordinary word unless it stands in an address.
        host.lower(): re.compile(
            rf"(?<![\w.-]){re.escape(host)}(?![\w-])"
            if "." in host
            else rf"//([^/\s@]*@)?{re.escape(host)}(?=[:/\s\"']|$)",
            re.IGNORECASE,
        )
        for host in hosts
    }

    def is_named(text: str) -> bool:
        lowered = text.lower()  # megabytes of text: patterns alone take a hundred times as long
        return any(host in lowered and p.search(text) for host, p in patterns.items())

    return [name for name, text in documents.items() if is_named(text)]


def test_no_tracked_file_names_a_registry_or_mirror_of_this_machine() -> None:
    assert not named_in(texts(), hosts_of_this_machine())


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("index-url = https://user:secret@mirror.internal/simple", True),
        ("see MIRROR.internal for more", True),
        ("http://depot/debian", True),
        ("http://depot:8080", True),
        ("the depot of the trams", False),
        ("https://mirror.internal.example.org", True),
        ("https://other.mirror.internal", False),
    ],
)
def test_a_host_is_found_where_it_is_named(line: str, *, named: bool) -> None:
    assert bool(named_in({"file": line}, ["mirror.internal", "depot"])) is named


def test_hosts_are_read_from_any_form_of_configuration() -> None:
    text = (
        "deb [arch=amd64] http://mirror.internal/debian trixie main\nproxy=http://u:p@depot:3128/"
    )
    assert set(hosts_in(text)) == {"mirror.internal", "depot"}
    assert not set(hosts_in("https://packages.example.org/simple http://127.0.0.1:8080/debian"))


def paths_in(text: str, own: Iterable[Path]) -> list[str]:
    """Return the absolute paths of somebody's machine: its own folders, anybody's home."""
    here = [rf"{re.escape(str(path))}(?![\w-])" for path in own if len(path.parts) > 2]
    pattern = "|".join([*here, r"/home/[a-z][\w-]*/", r"/Users/[A-Za-z][\w-]*/"])
    return re.findall(rf"(?<![\w.}}-])(?:{pattern})", text)


def test_no_tracked_file_names_a_path_of_this_machine() -> None:
    named = {name: found for name, text in texts().items() if (found := paths_in(text, OWN))}
    assert not named


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("see /opt/stadt/takt", True),
        ("see /opt/stadt/takt/README.md", True),
        ('"/ho' + 'me/somebody/x"', True),
        ("/Us" + "ers/Somebody/x", True),
        ("https://city.example/ho" + "me/somebody/x", False),
        ("/opt/stadt/takt-2", False),
        ("${ROOT}/opt/stadt/takt", False),
        ("/opt/stadt", False),
    ],
)
def test_a_path_is_found_where_it_is_named(line: str, *, named: bool) -> None:
    assert bool(paths_in(line, [Path("/opt/stadt/takt"), Path("/opt")])) is named
