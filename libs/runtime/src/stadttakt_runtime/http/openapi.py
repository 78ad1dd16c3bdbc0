# SPDX-License-Identifier: EUPL-1.2
"""What FastAPI's OpenAPI document lacks: problem documents as the form of every error."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from stadttakt_runtime.http.problem import MEDIA_TYPE, ProblemDocument

REF = "#/components/schemas/"
OPERATIONS = frozenset({"get", "put", "post", "delete", "patch"})


def install(app: FastAPI) -> None:
    """Replace the application's `openapi()`, computed once."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        license_info=app.license_info,
        routes=app.routes,
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    problem = ProblemDocument.model_json_schema(ref_template=REF + "{model}")
    schemas.update(problem.pop("$defs"))
    schemas["Problem"] = problem
    for path in document.get("paths", {}).values():
        for name, operation in path.items():
            if name in OPERATIONS:
                _add_problems(operation)
    return document


def _add_problems(operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    responses["default"] = _problem("Any error")
    if "422" in responses:
        responses["422"] = _problem("The request is not valid")
    if "security" in operation:
        responses["401"] = _problem("No valid API key or token")
        responses["403"] = _problem("The key or token lacks the scope")


def _problem(description: str) -> dict[str, Any]:
    content = {MEDIA_TYPE: {"schema": {"$ref": REF + "Problem"}}}
    return {"description": description, "content": content}
