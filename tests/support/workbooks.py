# SPDX-License-Identifier: EUPL-1.2
"""What the sheets of a workbook say, read without a spreadsheet."""

from __future__ import annotations

import zipfile
from xml.etree import ElementTree as ET


def sheet(book: zipfile.ZipFile, number: int) -> list[list[str]]:
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    shared = ["".join(part.itertext()) for part in ET.fromstring(book.read("xl/sharedStrings.xml"))]
    rows = ET.fromstring(book.read(f"xl/worksheets/sheet{number}.xml")).iter(f"{space}row")
    return [
        [
            shared[int(cell[0].text or 0)] if cell.get("t") == "s" else (cell[0].text or "")
            for cell in row
            if len(cell)
        ]
        for row in rows
    ]
