# SPDX-License-Identifier: EUPL-1.2
"""The publisher's parsers: states of other services, what receivers answer, and what everybody may ask of SensorThings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import orjson

from fuzz.parsers.answers import answered
from fuzz.parsers.target import Parser, at_once
from fuzz.parsers.uplinks import EXAMPLES
from open_data_publisher.deliveries.sending import read_answer, some_of
from open_data_publisher.domain.states import KINDS
from open_data_publisher.reading import RefusedError, read_message
from open_data_publisher.sensorthings.errors import OptionError
from open_data_publisher.sensorthings.model import OBSERVATIONS, TYPES
from open_data_publisher.sensorthings.observations import (
    Condition,
    Conditions,
    NoneOf,
    datastream_of,
    wanted,
)
from open_data_publisher.sensorthings.options import parse_options

QUERIES = (
    b"Things\n$filter=name eq 'Markt' and not startswith(name,'x')&$top=3&$count=true",
    b"Datastreams\n$expand=Observations($top=3;$filter=result gt 4.5;$orderby=phenomenonTime desc)",
    b"Locations\n$filter=st_within(location,geography'POLYGON((11 51,12 51,12 52,11 51))')&$skip=1",
    b"Observations\n$filter=phenomenonTime ge 2026-11-26T12:00:00Z and result ne null&$select=result",
    b"Observations\n$filter=Datastream/id eq 'a' and (result eq 'free' or not result gt 3)&$orderby=result",
)
ANSWERS = (
    b'200\n\n{"errors": [], "parking_sites": {"errors": [{"original_uid": "west"}]}, "parking_spots": null}',
    b'503\nretry-after: 120\n\n{"detail": "later"}',
)


def _state(kind: str) -> Parser:
    example = (EXAMPLES / f"{kind}-state.v1.json").read_bytes()
    _, _, entity_id = orjson.loads(example)["subject"].partition("/")
    return Parser(
        f"state-{kind}",
        lambda data: read_message(f"takt/v1/state/{kind}/{entity_id}", data),
        (RefusedError,),
        (example,),
    )


def _query(data: bytes) -> Any:
    """The first line names the type of entities, the rest is the query; of observations the database is asked."""
    name, _, query = data.decode().partition("\n")
    entity_type = TYPES.get(name) or TYPES["Things"]
    options = parse_options(parse_qsl(query, keep_blank_values=True), entity_type)
    compared = []
    if entity_type.name == OBSERVATIONS:
        datastream, rest = datastream_of(options.filter)
        conditions = wanted(replace(options, filter=rest)).conditions
        compared = [datastream, *_compared(conditions)]
    return options.top, options.skip, options.select, compared


def _compared(conditions: Conditions | None) -> Iterator[Any]:
    """Yield the values of a condition as the database is given them: numbers as floats."""
    if isinstance(conditions, Condition):
        is_number = isinstance(conditions.value, int)
        yield float(conditions.value) if is_number else conditions.value
    elif isinstance(conditions, NoneOf):
        yield from _compared(conditions.item)
    elif conditions is not None:
        for item in conditions.items:
            yield from _compared(item)


def _answer(data: bytes) -> Any:
    answer = answered(data)
    return read_answer(answer, at_once(some_of(answer)))


def parsers() -> Iterator[Parser]:
    """Yield all of the publisher's."""
    yield from (_state(kind) for kind in KINDS)
    yield Parser("sensorthings", _query, (OptionError, UnicodeDecodeError), QUERIES)
    yield Parser("receiver-answer", _answer, (), ANSWERS)
