# SPDX-License-Identifier: EUPL-1.2
"""How a city stands in catalogues: who publishes, whom to ask, which keys stand for the place."""

from __future__ import annotations

from dataclasses import dataclass

from open_data_publisher.domain.policy import Words


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to ask."""

    name: str
    email: str
    url: str | None


@dataclass(frozen=True, slots=True)
class CatalogueCity:
    """What the catalogue says of itself.

    `contributor_id` is the portal's name in the vocabulary of GovData, `municipality_key` the
    official key of the place (AGS), `availability` a word of the EU's vocabulary.
    """

    title: Words
    description: Words
    publisher: str
    publisher_url: str
    contact: Contact
    contributor_id: str
    municipality_key: str
    availability: str
    licence_id: str
