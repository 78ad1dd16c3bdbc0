# SPDX-License-Identifier: EUPL-1.2
from pathlib import Path

import pytest

from stadttakt_local.apt_sources import debian_mirrors

SOURCES = """\
# the machine's own
Types: deb deb-src
URIs: http://mirror.example/debian/
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/x.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
"""


@pytest.mark.parametrize(
    ("files", "mirrors"),
    [
        ({"sources.list.d/debian.sources": SOURCES}, ["http://mirror.example/debian"]),
        (
            {"sources.list": "deb http://a.example/debian trixie main\n"},
            ["http://a.example/debian"],
        ),
        (
            {
                "sources.list": "deb [arch=amd64 signed-by=/k.gpg] https://a.example/deb sid main # x\n"
            },
            ["https://a.example/deb"],
        ),
        ({"sources.list": "# deb http://a.example/debian trixie main\n"}, []),
        ({"sources.list": "deb cdrom:[Debian 12]/ bookworm main\n"}, []),
        ({"sources.list": "deb http://a.example/security trixie-security main\n"}, []),
        ({"sources.list.d/x.list": "deb https://a.example/apt cloud-sdk-bookworm main\n"}, []),
        ({"sources.list.d/x.list": "deb https://a.example/debian bookworm stable\n"}, []),
        ({"sources.list.d/x.sources": SOURCES.replace("Types", "Enabled: no\nTypes")}, []),
        (
            {
                "sources.list": "deb http://b.example/stuff trixie main\n"
                "deb http://a.example/debian trixie main\n"
            },
            ["http://a.example/debian", "http://b.example/stuff"],
        ),
        ({}, []),
    ],
)
def test_only_mirrors_of_debians_main_archive_are_found(
    tmp_path: Path, files: dict[str, str], mirrors: list[str]
) -> None:
    (tmp_path / "sources.list.d").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert debian_mirrors(tmp_path) == mirrors


def test_a_list_of_mirrors_is_followed(tmp_path: Path) -> None:
    listed = tmp_path / "mirrors.list"
    listed.write_text("https://a.example/debian\npriority:2\n")
    (tmp_path / "sources.list").write_text(f"deb mirror+file:{listed} trixie main\n")
    assert debian_mirrors(tmp_path) == ["https://a.example/debian"]
