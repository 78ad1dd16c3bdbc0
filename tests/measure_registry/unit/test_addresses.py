# SPDX-License-Identifier: EUPL-1.2
"""What is told of an e-mail address that is none: words, not the pattern it is held against."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from measure_registry.api.bodies import ContactBody
from stadttakt_runtime.plain_words import in_plain_words


@pytest.mark.parametrize(
    "written", ["emilie", "a b@beispiel.example", "a@b", "a@b.example\r\nBcc: c"]
)
def test_an_address_that_is_none_is_refused_in_words(written: str) -> None:
    with pytest.raises(ValidationError) as refused:
        ContactBody(email=written)
    (fault,) = refused.value.errors()
    words = "must be an e-mail address, such as name@example.org, or be left out"
    assert in_plain_words(fault) == words


@pytest.mark.parametrize("written", ["", "emilie@beispiel.example"])
def test_an_address_or_none_is_taken(written: str) -> None:
    assert ContactBody(email=written).email == written


def test_programs_read_the_pattern_in_the_schema() -> None:
    assert "@" in ContactBody.model_json_schema()["properties"]["email"]["pattern"]
