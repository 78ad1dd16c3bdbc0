# SPDX-License-Identifier: EUPL-1.2
"""Write `docs/reference/api.md` from `schemas/openapi`: every endpoint, what it does, what one must be allowed.

Run by `make schemas` after the OpenAPI documents were written; a test compares.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/reference/api.md"
PATHS = {
    "uplink-decoder": "uplink",
    "parking-occupancy": "parking",
    "vehicle-occupancy": "transit",
    "kpi-aggregator": "kpi",
    "open-data-publisher": "opendata",
    "measure-registry": "registry",
}
"""By service: how the proxy calls it below `/api`."""
ELSEWHERE = {
    "kpi": "pages below `/kpi`",
    "opendata": "feeds, catalogue, datasets and pages at `/`",
    "registry": "pages below `/ideen`",
}
"""What of a service does not begin with `/v1`: where the proxy has it."""
HEAD = """\
# The API, endpoint by endpoint

Written by `make schemas` from [the OpenAPI documents](../../schemas/openapi); changes here are lost. Each service answers its own
document at `/openapi.json` and a page to try it at `/docs`, behind the proxy `https://<host>/api/<service>/docs`. How to build on
it: [connect an app](../how-to/connect-an-app.md). What comes over MQTT: [AsyncAPI](../../schemas/asyncapi.yaml).

**The same everywhere**: times are RFC 3339 in UTC; lists are `{"items", "next_cursor"}` with `limit` and `cursor`; what is polled
has `ETag` and answers 304 to a matching `If-None-Match`; errors are `application/problem+json` with a `code` that stays. A scope is
that of an API key or token, as `Authorization: Bearer …`: 401 without, 403 with one that lacks it. Nothing: everybody's. "more with
a key": everybody's, and some scope sees more. "a key": by a role that the answer names. Every service has `GET /live`, `GET /ready`
and `GET /metrics` too, which the proxy keeps inside.
"""
PROBES = {"/live", "/ready", "/metrics"}


def page(folder: Path) -> str:
    """Return the page for the OpenAPI documents of a folder."""
    parts = [HEAD]
    for name, path in PATHS.items():
        document = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        parts.append(section(name, path, document))
    return "\n".join(parts)


def section(name: str, path: str, document: dict[str, Any]) -> str:
    """Return what one service answers, as a table in the order of its document."""
    rows = [
        row(method, endpoint, operation)
        for endpoint, operations in document["paths"].items()
        if endpoint not in PROBES
        for method, operation in operations.items()
    ]
    places = ", ".join([f"`/api/{path}/v1/…`", *filter(None, [ELSEWHERE.get(path)])])
    head = [
        f"## {name}",
        f"{document['info']['description']} Behind the proxy: {places}.",
        "",
        "| request | does | scope |",
        "|---|---|---|",
    ]
    return "\n".join([*head, *rows, ""])


def row(method: str, endpoint: str, operation: dict[str, Any]) -> str:
    """Return an endpoint's line: request with the parameters of its query, what it does, scopes."""
    asked = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"]
    query = f"?{'&'.join(asked)}" if asked else ""
    return f"| `{method.upper()} {endpoint}{query}` | {does(operation)} | {scopes(operation)} |"


def does(operation: dict[str, Any]) -> str:
    """Return the first paragraph of what an endpoint says of itself, after a title that somebody wrote."""
    title = operation["summary"]
    paragraph = " ".join(operation.get("description", "").split("\n\n")[0].split())
    # FastAPI's own title is the function's name, each word with a capital.
    is_written = title != title.title()
    said = [f"{title.rstrip('.')}."] if is_written or not paragraph else []
    return " ".join([*said, paragraph]).strip().replace("|", "\\|")


def scopes(operation: dict[str, Any]) -> str:
    """Return what a caller must be allowed, nothing for everybody's."""
    security = operation.get("security", ())
    wanted = sorted({scope for one in security for scope in one.get("bearer", ())})
    if wanted:
        return ", ".join(f"`{scope}`" for scope in wanted)
    if not security:
        return ""
    return "more with a key" if {} in security else "a key"


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE
    target.write_text(page(ROOT / "schemas/openapi"), encoding="utf-8")
