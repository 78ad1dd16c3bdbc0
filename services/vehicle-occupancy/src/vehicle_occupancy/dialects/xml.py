# SPDX-License-Identifier: EUPL-1.2
"""XML that strangers send: no document types, so no entities; names without their namespaces."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element

from vehicle_occupancy.dialects.model import UnreadableError

__all__ = ["Element", "each", "first", "name_of", "parse", "text"]


def parse(payload: bytes) -> Element:
    """Return the root; raises UnreadableError."""
    if b"<!" in payload.replace(b"<!--", b""):
        raise UnreadableError("invalid_xml", "a document type has no place here")
    try:
        return ET.fromstring(payload)  # noqa: S314 (entities need the document type refused above)
    except (ET.ParseError, ValueError, LookupError) as error:
        raise UnreadableError("invalid_xml", str(error)) from error


def name_of(element: Element) -> str:
    """Return an element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def each(element: Element, name: str) -> Iterator[Element]:
    """Yield the children of a name."""
    return (child for child in element if name_of(child) == name)


def first(element: Element, name: str) -> Element | None:
    """Return the first child of a name."""
    return next(each(element, name), None)


def text(element: Element, name: str) -> str | None:
    """Return a child's text, or that of the `Value` in it (VDV 301 wraps its values)."""
    found = first(element, name)
    if found is None:
        return None
    value = first(found, "Value")
    return (found if value is None else value).text
