# SPDX-License-Identifier: EUPL-1.2
"""deploy/compose.yaml: secrets that the city folder names are with who reads them alone."""

import pytest

from architecture.test_compose import read
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
