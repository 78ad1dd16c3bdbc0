# SPDX-License-Identifier: EUPL-1.2
"""deploy/compose.yaml: secrets that the city folder names are with who reads them alone; settings stand in a file."""

import re

import pytest

from architecture.test_compose import FOLDER, PROJECT, read
from stadttakt_runtime.commands.setup import HANDED_IN


@pytest.mark.parametrize(
    ("name", "folder"), [("uplink-decoder", "sources"), ("parking-occupancy", "signing")]
)
def test_who_reads_secrets_that_the_city_folder_names_has_their_folder(
    name: str, folder: str
) -> None:
    services = read(STADTTAKT_SETUP="/setup")["services"]
    own = services[name]
    assert own["environment"]["STADTTAKT_SECRET_FILES"] == f"/run/secrets:/run/{folder}"
    assert f"/setup/{folder}:/run/{folder}:ro" in own["volumes"]
    assert "./cities/halle:/city:ro" in own["volumes"]
    assert folder in HANDED_IN
    others = {one: each for one, each in services.items() if one != name}
    assert f"/run/{folder}" not in str(others)


def test_settings_that_the_pages_write_into_the_file_are_read_by_compose() -> None:
    known = set(re.findall(r"\$\{(\w+):-", (FOLDER / "compose.yaml").read_text()))
    pages = [*(PROJECT / "docs/how-to").glob("*.md")]
    settings = re.compile(r"(?<!export )\b(STADTTAKT_\w+)=\S+")
    told = [
        name
        for page in pages
        for block in re.findall(r"```sh\n(.*?)```", page.read_text(), re.DOTALL)
        if "deploy/.env" in block
        for name in settings.findall(block)
    ]
    assert len(told) > 7
    assert set(told) <= known
    assert "/deploy/.env" in (PROJECT / ".gitignore").read_text().splitlines()
