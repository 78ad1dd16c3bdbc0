# SPDX-License-Identifier: EUPL-1.2
"""Licences that a city may publish under, with the names that catalogues know them by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence; `dcat_uri` is its name in the vocabulary of DCAT-AP.de, `url` its text."""

    licence_id: str
    title: str
    url: str
    dcat_uri: str
    needs_attribution: bool
    share_alike: bool = False


_DCAT = "http://dcat-ap.de/def/licenses/"
_GOVDATA = "https://www.govdata.de/"

LICENCES: Mapping[str, Licence] = MappingProxyType(
    {
        licence.licence_id: licence
        for licence in (
            Licence(
                "dl-zero-de/2.0",
                "Datenlizenz Deutschland – Zero – Version 2.0",
                f"{_GOVDATA}dl-de/zero-2-0",
                f"{_DCAT}dl-zero-de/2.0",
                needs_attribution=False,
            ),
            Licence(
                "dl-by-de/2.0",
                "Datenlizenz Deutschland – Namensnennung – Version 2.0",
                f"{_GOVDATA}dl-de/by-2-0",
                f"{_DCAT}dl-by-de/2.0",
                needs_attribution=True,
            ),
            Licence(
                "cc-zero",
                "Creative Commons Zero 1.0",
                "https://creativecommons.org/publicdomain/zero/1.0/",
                f"{_DCAT}cc-zero",
                needs_attribution=False,
            ),
            Licence(
                "cc-by/4.0",
                "Creative Commons Namensnennung 4.0 International",
                "https://creativecommons.org/licenses/by/4.0/",
                f"{_DCAT}cc-by/4.0",
                needs_attribution=True,
            ),
            Licence(
                "odbl",
                "Open Data Commons Open Database License 1.0",
                "https://opendatacommons.org/licenses/odbl/1-0/",
                f"{_DCAT}odbl",
                needs_attribution=True,
                share_alike=True,
            ),
        )
    }
)
