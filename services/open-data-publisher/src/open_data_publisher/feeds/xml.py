"""Small helpers to build XML documents element by element, in the order that a schema demands."""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree

XSI = "http://www.w3.org/2001/XMLSchema-instance"
XSI_TYPE = etree.QName(XSI, "type")


class Writer:
    """Adds elements of one namespace; other namespaces are named by their prefix."""

    def __init__(self, namespace: str, prefixes: Mapping[str | None, str]) -> None:
        self._own = f"{{{namespace}}}"
        self._namespaces = {prefix: f"{{{uri}}}" for prefix, uri in prefixes.items()}
        self._map = {**prefixes, "xsi": XSI}

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
        prefix, colon, local = name.partition(":")
        return f"{self._namespaces[prefix]}{local}" if colon else f"{self._own}{name}"


def document(root: etree._Element) -> bytes:
    """Return a document in UTF-8 with its declaration."""
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")
