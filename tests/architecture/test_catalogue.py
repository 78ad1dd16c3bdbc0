# SPDX-License-Identifier: EUPL-1.2
"""Every topic has producer, consumer, example and schema; nothing below `schemas/` is left over."""

from pathlib import Path

import pytest
import yaml

from stadttakt_messages.catalogue import OPERATORS, PARTNERS, TOPICS, TopicEntry

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "schemas"
SERVICES = {path.name for path in (ROOT / "services").iterdir()}


@pytest.mark.parametrize("entry", TOPICS, ids=lambda entry: entry.name)
def test_topic_has_a_page_with_producer_consumer_schema_and_example(entry: TopicEntry) -> None:
    page = yaml.safe_load((SCHEMAS / "topics" / f"{entry.name}.yaml").read_text(encoding="utf-8"))
    assert page["producers"]
    assert page["consumers"]
    assert set(page["producers"]) <= SERVICES | {PARTNERS}
    assert set(page["consumers"]) <= SERVICES | {OPERATORS}
    assert (SCHEMAS / page["schema"]).is_file()
    assert (SCHEMAS / page["example"]).is_file()
    assert page["retained"] is entry.retained


def test_no_page_schema_or_example_is_orphaned() -> None:
    pages = [
        yaml.safe_load(path.read_text(encoding="utf-8")) for path in (SCHEMAS / "topics").iterdir()
    ]
    assert len(pages) == len(TOPICS)
    named = {page[part] for page in pages for part in ("schema", "example")}
    present = {
        str(path.relative_to(SCHEMAS))
        for path in (SCHEMAS / "messages").rglob("*")
        if path.is_file()
    }
    assert present == named
