# SPDX-License-Identifier: EUPL-1.2
"""What endpoints that import a CSV file declare and answer."""

from __future__ import annotations

from typing import Any

from fastapi import Request

from stadttakt_runtime.csv_import import FileRefusedError
from stadttakt_runtime.http.problem import Problem, UnsupportedMediaType

CSV = "text/csv"
CSV_BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {CSV: {"schema": {"type": "string"}}}}
}


class ImportRefused(Problem):
    """Lines of the file are wrong; nothing is imported."""

    status, code, title = 422, "import_refused", "The file cannot be imported"


async def csv_of(request: Request) -> bytes:
    """Return the body; raises UnsupportedMediaType where it is said to be something else."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != CSV:
        raise UnsupportedMediaType(
            f"expected {CSV}, got {media_type or 'none'}", headers={"accept": CSV}
        )
    return await request.body()


def import_refused(error: FileRefusedError) -> ImportRefused:
    """Return the answer that names every wrong line."""
    errors = [
        {"in": "body", "field": each.column, "line": each.line, "detail": each.detail,
         "code": each.code}
        for each in error.errors
    ]  # fmt: skip
    return ImportRefused(str(error), errors=errors)
