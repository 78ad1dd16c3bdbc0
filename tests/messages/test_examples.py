# SPDX-License-Identifier: EUPL-1.2
"""Every example is read by its model, valid by its schema, and comes back as it went."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from stadttakt_messages.asyncapi import message_schema
from stadttakt_messages.catalogue import TOPICS, TopicEntry
from stadttakt_messages.examples import EXAMPLES

each_topic = pytest.mark.parametrize("entry", TOPICS, ids=lambda entry: entry.name)


def validator(entry: TopicEntry) -> Draft202012Validator:
    schema = message_schema(entry)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def without_nulls(document: Any) -> Any:
    if isinstance(document, Mapping):
        return {name: without_nulls(value) for name, value in document.items() if value is not None}
    if isinstance(document, list):
        return [without_nulls(value) for value in document]
    return document


@each_topic
def test_example_comes_back_as_it_went(entry: TopicEntry) -> None:
    event = entry.event.model_validate_json(json.dumps(entry.example))
    sent = json.loads(event.to_bytes())
    assert entry.event.model_validate(sent) == event
    # A writer may leave out what is null, and the model writes it; nothing else may differ.
    assert without_nulls(sent) == without_nulls(entry.example)


@each_topic
def test_example_and_what_the_model_writes_are_valid_by_the_schema(entry: TopicEntry) -> None:
    schema = validator(entry)
    schema.validate(entry.example)
    event = entry.event.model_validate(entry.example)
    schema.validate(json.loads(event.to_bytes()))


@each_topic
def test_schema_takes_no_event_of_another_topic(entry: TopicEntry) -> None:
    schema = validator(entry)
    for other in TOPICS:
        if other is not entry:
            with pytest.raises(ValidationError):
                schema.validate(other.example)


@each_topic
def test_schema_refuses_what_the_model_refuses(entry: TopicEntry) -> None:
    schema = validator(entry)
    for name in entry.event.model_json_schema()["required"]:
        short = {key: value for key, value in entry.example.items() if key != name}
        with pytest.raises(ValueError, match=name):
            entry.event.model_validate(short)
        with pytest.raises(ValidationError):
            schema.validate(short)


@each_topic
def test_reader_ignores_fields_of_a_later_version(entry: TopicEntry) -> None:
    later = {**entry.example, "later": 1, "data": {**entry.example["data"], "later": {"x": 1}}}
    assert entry.event.model_validate(later) == entry.event.model_validate(entry.example)
    validator(entry).validate(later)


@each_topic
def test_example_names_its_own_type_and_schema(entry: TopicEntry) -> None:
    assert entry.example["type"] == f"city.stadttakt.{entry.name}.v{entry.version}"
    assert entry.example["dataschema"] == f"urn:stadttakt:schema:{entry.name}:v{entry.version}"


def test_there_is_no_example_without_a_topic() -> None:
    assert set(EXAMPLES) == {entry.name for entry in TOPICS}
