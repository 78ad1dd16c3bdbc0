# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
)

from stadttakt_runtime.city_files import read_yaml_list
from stadttakt_runtime.plain_words import in_plain_words, with_value
from stadttakt_runtime.plugins import CityError


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Thing(BaseModel):
    model_config = ConfigDict(extra="forbid")

    thing_id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,100}$")] = "a"
    code: Annotated[str, StringConstraints(pattern=r"^(DE|AT)$")] = "DE"
    name: Annotated[str, Field(min_length=3, max_length=5)] = "abc"
    places: Annotated[int, Field(ge=0, le=90, strict=True)] = 0
    share: Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)] = 0.5
    weight: Annotated[float, Field(le=2.5)] = 1
    colour: Colour = Colour.RED
    mode: Literal["in", "out"] = "in"
    tags: Annotated[list[str], Field(max_length=2)] = []
    at: AwareDatetime = datetime.fromisoformat("2026-11-26T10:00:00Z")
    day: date = date(2026, 11, 26)
    is_open: bool = True
    secret_variable: Annotated[str, StringConstraints(pattern=r"^[A-Z_]{1,100}$")] = "A"

    @field_validator("mode")
    @classmethod
    def _not_out_alone(cls, mode: str) -> str:
        if mode == "out":
            raise ValueError("nothing may only go out")
        return mode


def error_of(**fields: Any) -> Any:
    with pytest.raises(ValidationError) as caught:
        Thing.model_validate(fields)
    return caught.value.errors()[0]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"thing_id": "A b"}, "must be 1 to 100 characters of a to z, 0 to 9, -"),
        ({"code": "CH"}, "must match ^(DE|AT)$"),
        ({"name": "ab"}, "must have 3 characters or more"),
        ({"name": "abcdef"}, "must have at most 5 characters"),
        ({"name": 7}, "must be text"),
        ({"places": "many"}, "must be a whole number"),
        ({"places": 1.5}, "must be a whole number"),
        ({"places": -1}, "must be at least 0"),
        ({"places": 91}, "must be at most 90"),
        ({"share": "20%"}, "must be a number"),
        ({"share": 0}, "must be above 0"),
        ({"share": 1}, "must be below 1"),
        ({"weight": 3}, "must be at most 2.5"),
        ({"share": float("nan")}, "must be a finite number"),
        ({"colour": "green"}, "must be 'red' or 'blue'"),
        ({"mode": "up"}, "must be 'in' or 'out'"),
        ({"mode": "out"}, "nothing may only go out"),
        ({"tags": "a"}, "must be a list"),
        ({"tags": ["a", "b", "c"]}, "must have at most 2 entries"),
        ({"at": "10 o'clock"}, "must be a time, as 2026-11-26T10:00:00Z"),
        ({"at": "2026-11-26T10:00:00"}, "must be a time with its zone, as 2026-11-26T10:00:00Z"),
        ({"day": "tomorrow"}, "must be a day, as 2026-11-26"),
        ({"is_open": "maybe"}, "must be true or false"),
        ({"colr": "red"}, "is no known key"),
    ],
)
def test_errors_say_in_plain_words_what_a_value_must_be(fields: Any, words: str) -> None:
    assert in_plain_words(error_of(**fields)) == words


def test_value_is_told_where_it_can_be_no_secret() -> None:
    assert with_value(error_of(places=91)) == 'must be at most 90, not "91"'
    assert with_value(error_of(thing_id="")).endswith("; it is empty")
    assert with_value(error_of(code="x" * 80)).endswith(', not "' + "x" * 60 + '…"')
    assert "hunter2" not in with_value(error_of(secret_variable="hunter2"))
    assert with_value(error_of(places=[1])) == "must be a whole number"


def test_unknown_key_of_a_city_folder_names_the_one_that_was_meant(tmp_path: Path) -> None:
    file = tmp_path / "things.yaml"
    file.write_text("things:\n  - name: abc\n    colur: red\n")
    (located,) = read_yaml_list(file, "things")
    with pytest.raises(CityError, match=r"things\.yaml:3: colur: is no known key; colour\?"):
        located.parse(Thing)
