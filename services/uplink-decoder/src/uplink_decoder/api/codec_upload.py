# SPDX-License-Identifier: EUPL-1.2
"""The body of a codec upload, as JSON or as the public device repository's YAML file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import orjson
from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import AfterValidator, Field, ValidationError

from stadttakt_runtime.http.model import WriteModel
from stadttakt_runtime.http.problem import UnsupportedMediaType, ValidationFailed
from uplink_decoder.codec_library.submission import Submission
from uplink_decoder.codec_library.yaml_form import FormError, read_yaml
from uplink_decoder.codecs.mapping import MappingError, parse_mapping
from uplink_decoder.codecs.vectors import Vector, VectorError, check_json, read_vectors

JSON = "application/json"
YAML = frozenset({"application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"})
MAX_SOURCE = 1_000_000
# Members of a public codec file that say nothing about uplinks.
OTHER_DIRECTIONS = ("downlinkEncoder", "downlinkDecoder")


def _without_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError("a NUL character cannot be stored")
    return text


Text = Annotated[str, AfterValidator(_without_nul)]
Label = Annotated[Text, Field(max_length=200)]


class CodecUpload(WriteModel):
    """One version of a codec; `vectors` in our form, as the public `examples`, or as YAML text."""

    language: Literal["javascript"] = "javascript"
    source: Annotated[Text, Field(min_length=1, max_length=MAX_SOURCE)]
    vectors: Annotated[
        list[dict[str, Any]] | dict[str, Any] | str | None,
        Field(description="`[{f_port, bytes, expected}]`, public `examples`, or YAML of either"),
    ] = None
    mapping: Annotated[
        dict[str, Any] | None, Field(description="what the decoded object means")
    ] = None
    maker: Label = ""
    model: Label = ""
    stateless: Annotated[
        bool, Field(description="the script keeps nothing between two uplinks: faster")
    ] = False

    def submission(self, codec_id: str) -> Submission:
        """Return the codec to be proved; raises ValidationFailed for vectors or mapping."""
        if self.mapping is not None:
            _check_mapping(self.mapping)
        return Submission(
            codec_id=codec_id,
            source=self.source,
            vectors=_vectors(self.vectors),
            mapping=self.mapping,
            stateless=self.stateless,
            language=self.language,
            maker=self.maker,
            model=self.model,
        )


UPLOAD_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            media_type: {"schema": CodecUpload.model_json_schema()}
            for media_type in (JSON, "application/yaml")
        },
    }
}


async def read_upload(request: Request) -> CodecUpload:
    """Return a codec as it was handed in; raises ValidationFailed, RequestValidationError, UnsupportedMediaType."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()
    if media_type in YAML:
        document = _public_form(_yaml(body))
    elif media_type == JSON:
        document = _json(body)
    else:
        raise UnsupportedMediaType(
            f"expected {JSON} or application/yaml, got {media_type or 'none'}",
            headers={"accept": f"{JSON}, application/yaml"},
        )
    try:
        return CodecUpload.model_validate(document)
    except ValidationError as error:
        found = [{**each, "loc": ("body", *each["loc"])} for each in error.errors()]
        raise RequestValidationError(found) from error


Upload = Annotated[CodecUpload, Depends(read_upload)]


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _wrong("", str(error), "json_invalid") from error


def _yaml(body: bytes) -> Any:
    try:
        document = read_yaml(body.decode())
        check_json(document)
    except (FormError, UnicodeDecodeError, VectorError) as error:
        raise _wrong("", str(error), "yaml_invalid") from error
    return document


def _public_form(document: Any) -> Any:
    """Return our form of a public codec file that carries its `source` beside `uplinkDecoder`."""
    if not isinstance(document, Mapping) or "uplinkDecoder" not in document:
        return document
    own = {name: value for name, value in document.items() if name not in OTHER_DIRECTIONS}
    decoder = own.pop("uplinkDecoder")
    return {"vectors": {"uplinkDecoder": decoder}, **own}


def _vectors(given: Any) -> list[Vector]:
    if given is None:
        return []
    try:
        return read_vectors(read_yaml(given) if isinstance(given, str) else given)
    except VectorError as error:
        where = f"vectors.{error.where}" if error.where else "vectors"
        raise _wrong(where, error.why, "invalid_vector") from error
    except FormError as error:
        raise _wrong("vectors", str(error), "yaml_invalid") from error


def _check_mapping(mapping: Mapping[str, Any]) -> None:
    try:
        check_json(mapping)
        parse_mapping(mapping)
    except VectorError as error:
        raise _wrong("mapping", error.why, "invalid_mapping") from error
    except MappingError as error:
        raise ValidationFailed(
            [
                _error(f"mapping.{where}" if where else "mapping", why, "invalid_mapping")
                for where, why in error.errors
            ]
        ) from error


def _wrong(field: str, detail: str, code: str) -> ValidationFailed:
    return ValidationFailed([_error(field, detail, code)])


def _error(field: str, detail: str, code: str) -> dict[str, str]:
    return {"in": "body", "field": field, "detail": detail[:500], "code": code}
