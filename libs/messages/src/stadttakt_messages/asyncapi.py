# SPDX-License-Identifier: EUPL-1.2
"""The AsyncAPI 3.0 document and the topic pages, made from the catalogue; writes no file."""

from __future__ import annotations

from typing import Any

from stadttakt_messages.catalogue import TOPICS, TopicEntry
from stadttakt_messages.envelope import CONTENT_TYPE
from stadttakt_messages.topics import DEFAULT_ROOT

DIALECT = "https://json-schema.org/draft/2020-12/schema"
SCHEMA_FORMAT = "application/schema+json;version=draft-2020-12"


def message_schema(entry: TopicEntry) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a topic's whole event."""
    schema = entry.event.model_json_schema(by_alias=True)
    schema["$schema"] = DIALECT
    schema["$id"] = entry.dataschema
    schema["title"] = entry.type
    schema["properties"]["type"] = {"const": entry.type}
    schema["properties"]["dataschema"] = {"const": entry.dataschema}
    return schema


def topic_page(entry: TopicEntry) -> dict[str, Any]:
    """Return the catalogue page of a topic: who writes, who reads, which message."""
    return {
        "topic": f"{DEFAULT_ROOT}/{entry.pattern}",
        "description": entry.description,
        "retained": entry.retained,
        "qos": 1,
        "producers": list(entry.producers),
        "consumers": list(entry.consumers),
        "type": entry.type,
        "schema": f"messages/{schema_file(entry)}",
        "example": f"messages/examples/{entry.name}.v{entry.version}.json",
    }


def schema_file(entry: TopicEntry) -> str:
    """Return the file name of a topic's message schema."""
    return f"{entry.name}.v{entry.version}.schema.json"


def _parameters(entry: TopicEntry) -> dict[str, Any]:
    names = [level[1:-1] for level in entry.pattern.split("/") if level.startswith("{")]
    return {name: {"description": f"one topic level: {name}"} for name in names}


def _binding(entry: TopicEntry, action: str) -> dict[str, Any]:
    """Return the MQTT operation binding (bindings/mqtt 0.2.0); only a sender may say retain."""
    retain = {"retain": entry.retained} if action == "send" else {}
    return {"qos": 1, **retain, "bindingVersion": "0.2.0"}


def _channel(entry: TopicEntry) -> dict[str, Any]:
    return {
        "address": f"{DEFAULT_ROOT}/{entry.pattern}",
        "description": entry.description,
        "parameters": _parameters(entry),
        "messages": {entry.name: {"$ref": f"#/components/messages/{entry.name}"}},
    }


def _message(entry: TopicEntry) -> dict[str, Any]:
    schema = {"$ref": f"messages/{schema_file(entry)}"}
    return {
        "name": entry.type,
        "contentType": CONTENT_TYPE,
        "payload": {"schemaFormat": SCHEMA_FORMAT, "schema": schema},
        "examples": [{"name": entry.name, "payload": dict(entry.example)}],
    }


def _operations(entry: TopicEntry) -> dict[str, dict[str, Any]]:
    return {
        f"{role}.{action}.{entry.name}": {
            "action": action,
            "channel": {"$ref": f"#/channels/{entry.name}"},
            "title": f"{role} {action}s {entry.name}",
            "bindings": {"mqtt": _binding(entry, action)},
        }
        for action, roles in (("send", entry.producers), ("receive", entry.consumers))
        for role in roles
    }


def asyncapi_document(version: str) -> dict[str, Any]:
    """Return the AsyncAPI 3.0.0 description of the platform's own topics."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Stadttakt",
            "version": version,
            "description": "Topics of the platform below the root takt/v1 (configurable).",
            "license": {"name": "EUPL-1.2"},
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": {entry.name: _channel(entry) for entry in TOPICS},
        "operations": {
            name: operation for entry in TOPICS for name, operation in _operations(entry).items()
        },
        "components": {"messages": {entry.name: _message(entry) for entry in TOPICS}},
    }
