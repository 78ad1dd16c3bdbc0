# SPDX-License-Identifier: EUPL-1.2
"""Small helpers to build XML documents element by element, in the order that a schema demands.

What stands in a document thousands of times is built once as a template and filled as text: element by
element 20,000 bays take more than a second.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import chain
from xml.sax.saxutils import escape

from lxml import etree

XSI = "http://www.w3.org/2001/XMLSchema-instance"
_DECLARATIONS = re.compile(r'^(<[\w:.-]+)(?: xmlns(?::\w+)?="[^"]*")+')
_HOLE = re.compile("\u27e6(\\w+)\u27e7")
_QUOTES = {'"': "&quot;"}
_MARKED = re.compile(r'[&<>"]')
_SPLICE = "spliced"
XSI_TYPE = etree.QName(XSI, "type")


class Writer:
    """Adds elements of one namespace; other namespaces are named by their prefix."""

    def __init__(self, namespace: str, prefixes: Mapping[str | None, str]) -> None:
        self._own = f"{{{namespace}}}"
        self._namespaces = {prefix: f"{{{uri}}}" for prefix, uri in prefixes.items()}
        self._map = {**prefixes, "xsi": XSI}
        self._names: dict[str, str] = {}

    def root(self, name: str, **attributes: str) -> etree._Element:
        """Start a document."""
        return etree.Element(self._name(name), attributes, self._map)

    def add(
        self,
        parent: etree._Element,
        name: str,
        text: object = None,
        *,
        type_: str | None = None,
        **attributes: str,
    ) -> etree._Element:
        """Append an element; `name` is `local` or `prefix:local`, `type_` its `xsi:type`."""
        element = etree.SubElement(parent, self._name(name), attributes)
        if type_ is not None:
            element.set(XSI_TYPE, type_)
        if text is not None:
            element.text = str(text)
        return element

    def _name(self, name: str) -> str:
        known = self._names.get(name)
        if known is None:
            prefix, colon, local = name.partition(":")
            known = f"{self._namespaces[prefix]}{local}" if colon else f"{self._own}{name}"
            self._names[name] = known
        return known


class Template:
    """An element with holes, each written as `hole(name)` where text or an attribute goes.

    It is to be put into a document that declares the same namespaces.
    """

    def __init__(self, element: etree._Element) -> None:
        # What stands between the holes, and the names of these, by turns.
        self._parts = _HOLE.split(_text_of(element))
        self._names = self._parts[1::2]

    def fill(self, values: Mapping[str, object]) -> bytes:
        """Return the element with these values; they are markup already, see `markup`."""
        # Parts are joined, as a format would be read anew, letter by letter, for each of 20,000 bays.
        parts = self._parts.copy()
        parts[1::2] = [str(values[name]) for name in self._names]
        return "".join(parts).encode()


def written(element: etree._Element) -> bytes:
    """Return an element for a document that declares the same namespaces."""
    return _text_of(element).encode()


def _text_of(element: etree._Element) -> str:
    return _DECLARATIONS.sub(r"\1", etree.tostring(element, encoding="unicode"))


def hole(name: str) -> str:
    """Return what stands for a value in a template."""
    return f"\u27e6{name}\u27e7"


def markup(text: str) -> str:
    """Return a text as it stands in an element or attribute."""
    return escape(text, _QUOTES) if _MARKED.search(text) else text


def splice(parent: etree._Element) -> None:
    """Mark the place at which what was written before will stand."""
    parent.append(etree.ProcessingInstruction(_SPLICE, "here"))


def document(root: etree._Element, *spliced: Iterable[bytes]) -> bytes:
    """Return a document in UTF-8 with its declaration, and what was written before, each at its place."""
    text = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    head, *tails = text.split(f"<?{_SPLICE} here?>".encode())
    parts = zip(spliced, tails, strict=True)
    return b"".join((head, *chain.from_iterable((*some, tail) for some, tail in parts)))
