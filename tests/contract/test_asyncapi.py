# SPDX-License-Identifier: EUPL-1.2
"""`asyncapi.yaml` by the required structure of AsyncAPI 3.0.0; its JSON Schema is not in reach."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from stadttakt_messages.catalogue import TOPICS

SCHEMAS = Path(__file__).parents[2] / "schemas"
KEY = re.compile(r"[A-Za-z0-9._-]+")
"""Keys of the Components Object."""
FIELDS = {
    "document": {
        "asyncapi",
        "id",
        "info",
        "servers",
        "defaultContentType",
        "channels",
        "operations",
        "components",
    },
    "info": {
        "title",
        "version",
        "description",
        "termsOfService",
        "contact",
        "license",
        "tags",
        "externalDocs",
    },
    "channel": {
        "address",
        "messages",
        "title",
        "summary",
        "description",
        "servers",
        "parameters",
        "tags",
        "externalDocs",
        "bindings",
    },
    "parameter": {"enum", "default", "description", "examples", "location"},
    "operation": {
        "action",
        "channel",
        "title",
        "summary",
        "description",
        "security",
        "tags",
        "externalDocs",
        "bindings",
        "traits",
        "messages",
        "reply",
    },
    "message": {
        "headers",
        "payload",
        "correlationId",
        "contentType",
        "name",
        "title",
        "summary",
        "description",
        "tags",
        "externalDocs",
        "bindings",
        "examples",
        "traits",
    },
    "example": {"headers", "payload", "name", "summary"},
    "mqtt operation": {"qos", "retain", "messageExpiryInterval", "bindingVersion"},
}
"""The fixed fields of each object; any other would have to begin with `x-`."""


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((SCHEMAS / "asyncapi.yaml").read_text(encoding="utf-8"))
    return loaded


def resolve(document: dict[str, Any], reference: dict[str, str]) -> Any:
    assert reference.keys() == {"$ref"}
    found: Any = document
    for part in reference["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return found


def only(kind: str, value: dict[str, Any]) -> None:
    unknown = {name for name in value if not name.startswith("x-")} - FIELDS[kind]
    assert not unknown, f"a {kind} has no {unknown}"


def test_document_has_version_info_and_licence(document: dict[str, Any]) -> None:
    only("document", document)
    only("info", document["info"])
    assert document["asyncapi"] == "3.0.0"
    assert document["info"]["title"]
    assert document["info"]["version"]
    assert document["info"]["license"]["name"] == "EUPL-1.2"


def test_every_topic_is_a_channel_with_its_parameters(document: dict[str, Any]) -> None:
    addresses = {channel["address"] for channel in document["channels"].values()}
    assert addresses == {f"takt/v1/{entry.pattern}" for entry in TOPICS}
    for channel in document["channels"].values():
        only("channel", channel)
        assert set(re.findall(r"\{(\w+)\}", channel["address"])) == set(channel["parameters"])
        for parameter in channel["parameters"].values():
            only("parameter", parameter)
        for message in channel["messages"].values():
            assert resolve(document, message) in document["components"]["messages"].values()


def test_every_operation_sends_to_or_receives_from_a_channel(document: dict[str, Any]) -> None:
    wanted = {
        (role, action, entry.name)
        for entry in TOPICS
        for action, roles in (("send", entry.producers), ("receive", entry.consumers))
        for role in roles
    }
    found = set()
    for name, operation in document["operations"].items():
        only("operation", operation)
        only("mqtt operation", operation["bindings"]["mqtt"])
        assert KEY.fullmatch(name)
        assert operation["channel"]["$ref"].startswith("#/channels/")
        resolve(document, operation["channel"])
        topic = operation["channel"]["$ref"].rpartition("/")[2]
        found.add((name.partition(".")[0], operation["action"], topic))
    assert found == wanted


def test_senders_say_whether_a_topic_is_retained(document: dict[str, Any]) -> None:
    retained = {
        operation["channel"]["$ref"].rpartition("/")[2]
        for operation in document["operations"].values()
        if operation["bindings"]["mqtt"].get("retain")
    }
    assert retained == {entry.name for entry in TOPICS if entry.retained}


def test_payloads_are_the_checked_in_schemas_and_examples_fit(document: dict[str, Any]) -> None:
    for name, message in document["components"]["messages"].items():
        only("message", message)
        assert KEY.fullmatch(name)
        payload = message["payload"]
        assert payload.keys() == {"schemaFormat", "schema"}
        assert payload["schemaFormat"] == "application/schema+json;version=draft-2020-12"
        schema = yaml.safe_load((SCHEMAS / payload["schema"]["$ref"]).read_text(encoding="utf-8"))
        assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
        assert message["examples"]
        for example in message["examples"]:
            only("example", example)
            Draft202012Validator(schema).validate(example["payload"])
