# SPDX-License-Identifier: EUPL-1.2
"""Write `schemas/` from the message models: topic pages, JSON schemas, examples, AsyncAPI.

Run by `make schemas`, which also writes `schemas/openapi` (`stadttakt openapi`); a test runs it
into an empty folder and compares.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import yaml

from stadttakt_messages.asyncapi import (
    asyncapi_document,
    message_schema,
    schema_file,
    topic_page,
)
from stadttakt_messages.catalogue import TOPICS

VERSION = "1.0.0"


def _write_json(path: Path, document: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _write_yaml(path: Path, document: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)
    path.write_text(text, encoding="utf-8")


def generate(target: Path) -> None:
    """Write everything below `target` but the OpenAPI documents; remove what nothing makes now."""
    for folder in ("topics", "messages"):
        shutil.rmtree(target / folder, ignore_errors=True)
    for entry in TOPICS:
        _write_yaml(target / "topics" / f"{entry.name}.yaml", topic_page(entry))
        _write_json(target / "messages" / schema_file(entry), message_schema(entry))
        example = target / "messages" / "examples" / f"{entry.name}.v{entry.version}.json"
        _write_json(example, dict(entry.example))
    _write_yaml(target / "asyncapi.yaml", asyncapi_document(VERSION))


if __name__ == "__main__":
    generate(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
