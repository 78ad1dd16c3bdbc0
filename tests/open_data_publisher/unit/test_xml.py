# SPDX-License-Identifier: EUPL-1.2
"""What is filled into a template is the document that its elements would be."""

from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from open_data_publisher.feeds.xml import Template, Writer, document, hole, markup, splice, written

NAMESPACE = "urn:test"
WRITER = Writer(NAMESPACE, {None: NAMESPACE})
# What XML can hold, and no line ends or tabs, which its readers change in attributes.
TEXTS = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0xD7FF, blacklist_categories=["Cc"])
)


def item(parent: etree._Element, identifier: str, name: str) -> etree._Element:
    found = WRITER.add(parent, "item", id=identifier)
    WRITER.add(found, "name", name)
    WRITER.add(found, "share", "100 %")
    return found


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=4))
def test_filled_templates_say_what_elements_say(values: list[tuple[str, str]]) -> None:
    built = WRITER.root("items")
    for identifier, name in values:
        item(built, identifier, name)
    template = Template(item(WRITER.root("parent"), hole("id"), hole("name")))
    root = WRITER.root("items")
    splice(root)
    filled = document(
        root, (template.fill({"id": markup(i), "name": markup(n)}) for i, n in values)
    )
    items = [item(WRITER.root("parent"), i, n) for i, n in values]
    joined = document(root, map(written, items))
    canonical = [
        etree.tostring(etree.fromstring(each), method="c14n")
        for each in (document(built), filled, joined)
    ]
    assert canonical[0] == canonical[1] == canonical[2]


def test_several_parts_stand_each_at_its_place() -> None:
    root = WRITER.root("all")
    for name in ("first", "second"):
        splice(WRITER.add(root, name))
    text = document(root, [b"<a/>", b"<b/>"], []).decode()
    assert "<first><a/><b/></first><second></second>" in text
