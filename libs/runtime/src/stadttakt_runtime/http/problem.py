# SPDX-License-Identifier: EUPL-1.2
"""Errors to clients as problem details (RFC 9457); every error answer is built here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:problem-type:stadttakt:"

# RFC 9110 renamed these, Python 3.13 followed; a code must not depend on Python's version.
PHRASES = {
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
}


class Problem(Exception):  # noqa: N818 (RFC 9457's own word)
    """An error that a client may read; anything else becomes a 500 without internals.

    Subclass it with `status`, `code` and `title`, or give them to the constructor. Extra members
    appear beside the standard ones, so they must be JSON and free of secrets.
    """

    status: int = 400
    code: str = "bad_request"
    title: str = "Bad request"

    def __init__(
        self,
        detail: str | None = None,
        *,
        status: int | None = None,
        code: str | None = None,
        title: str | None = None,
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail)
        self.status = self.status if status is None else status
        self.code = self.code if code is None else code
        self.title = self.title if title is None else title
        self.detail = detail
        self.headers = dict(headers or {})
        self.members = members

    def __str__(self) -> str:
        return self.detail or self.title

    def document(self) -> dict[str, Any]:
        """Return the members of the problem document."""
        document = {
            **self.members,
            "type": TYPE_PREFIX + self.code,
            "title": self.title,
            "status": self.status,
            "code": self.code,
        }
        if self.detail is not None:
            document["detail"] = self.detail
        return document

    def response(self) -> Response:
        """Return the answer, never to be stored by a cache."""
        headers = {"cache-control": "no-store", **self.headers}
        body = orjson.dumps(self.document())
        return Response(body, self.status, headers, media_type=MEDIA_TYPE)


class NotFound(Problem):
    """The resource does not exist."""

    status, code, title = 404, "not_found", "Not Found"


class Conflict(Problem):
    """The resource is in a state that does not allow this."""

    status, code, title = 409, "conflict", "Conflict with the present state"


class ContentTooLarge(Problem):
    """The body is larger than the limit."""

    status, code, title = 413, "content_too_large", "Content Too Large"


class UnsupportedMediaType(Problem):
    """The body is in a format this operation does not read."""

    status, code, title = 415, "unsupported_media_type", "Unsupported Media Type"


class Unavailable(Problem):
    """Something this service needs is away; the same request may succeed later."""

    status, code, title = 503, "unavailable", "Temporarily unavailable"


class FormUnreadable(Problem):
    """A form in characters that nobody can read or keep, as no browser sends it."""

    status, code, title = 422, "form_unreadable", "The form cannot be read"


class ValidationFailed(Problem):
    """The request does not have the documented form."""

    status, code, title = 422, "validation_failed", "The request is not valid"

    def __init__(self, errors: Sequence[Mapping[str, str]], detail: str | None = None) -> None:
        super().__init__(detail or _summary(errors), errors=list(errors))


def _summary(errors: Sequence[Mapping[str, str]]) -> str:
    first = errors[0]
    where = ".".join(part for part in (first["in"], first["field"]) if part)
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{where}: {first['detail']}{more}"


def from_status(
    status: int, detail: str | None = None, headers: Mapping[str, str] | None = None
) -> Problem:
    """Return the problem of a bare HTTP status; its code is the status phrase in snake case."""
    phrase = PHRASES.get(status) or HTTPStatus(status).phrase
    code = phrase.lower().replace(" ", "_").replace("-", "_").replace("'", "")
    shown = None if detail == HTTPStatus(status).phrase else detail
    return Problem(shown, status=status, code=code, title=phrase, headers=headers)


class FieldError(BaseModel):
    """One field of a request that is not valid."""

    location: str = Field(alias="in", examples=["body"])
    field: str = Field(description="path inside the location, dots between its parts")
    detail: str
    code: str = Field(examples=["missing"])


class ProblemDocument(BaseModel):
    """Problem details, RFC 9457; `code` is stable, the texts are not."""

    model_config = ConfigDict(extra="allow", title="Problem")

    type: str = Field(examples=[TYPE_PREFIX + "not_found"])
    title: str
    status: int
    code: str = Field(examples=["not_found"])
    detail: str | None = None
    instance: str | None = Field(None, description="identifies this occurrence in the log")
    errors: list[FieldError] | None = Field(None, description="only with `validation_failed`")
