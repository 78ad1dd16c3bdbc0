# SPDX-License-Identifier: EUPL-1.2
"""A text of the city's files in both languages."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from open_data_publisher.domain.policy import Words

Text = Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]


class WordsEntry(BaseModel):
    """What stands in a file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    de: Text
    en: Text

    @property
    def words(self) -> Words:
        """Return it as the rest of the service knows it."""
        return Words(self.de, self.en)
