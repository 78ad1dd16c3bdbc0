# SPDX-License-Identifier: EUPL-1.2
"""The CloudEvents 1.0 envelope in structured JSON mode; owns no event type of its own."""

from __future__ import annotations

from typing import Annotated, Generic, Literal, TypeVar

from pydantic import Field, StringConstraints

from stadttakt_messages.base import UtcTime, WireModel

CONTENT_TYPE = "application/cloudevents+json"
TYPE_PREFIX = "city.stadttakt."

DataT = TypeVar("DataT", bound=WireModel)


class CloudEvent(WireModel, Generic[DataT]):
    """One event; `id` is the idempotency key, `time` the observation time in UTC.

    CloudEvents 1.0, sections "REQUIRED Attributes" and "OPTIONAL Attributes"; extensions:
    `traceparent` (distributed tracing extension), `simulated`, which marks everything that
    stems from a simulated source, `corrects`: the id of the event that this one replaces, and
    `sensor`: which of several sensors of one thing spoke; who leaves it out has one.
    """

    specversion: Literal["1.0"] = "1.0"
    id: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    source: Annotated[str, StringConstraints(min_length=1, max_length=300)]
    type: Annotated[str, StringConstraints(pattern=r"^city\.stadttakt\.[a-z-]+\.v[0-9]+$")]
    subject: Annotated[str, StringConstraints(min_length=1, max_length=300)]
    time: UtcTime
    datacontenttype: Literal["application/json"] = "application/json"
    dataschema: Annotated[str, StringConstraints(min_length=1, max_length=300)]
    data: DataT
    traceparent: (
        Annotated[
            str, StringConstraints(pattern=r"^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")
        ]
        | None
    ) = None
    simulated: bool = Field(default=False)
    corrects: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    sensor: Annotated[str, StringConstraints(min_length=1, max_length=300)] | None = None

    def to_bytes(self) -> bytes:
        """Serialise the event as it goes over the wire; an absent extension is left out."""
        return self.model_dump_json(exclude=self._absent()).encode()

    def _absent(self) -> set[str]:
        absent = {
            name for name in ("traceparent", "corrects", "sensor") if getattr(self, name) is None
        }
        return absent if self.simulated else absent | {"simulated"}


def event_type(name: str, version: int = 1) -> str:
    """Return the CloudEvents `type` of a message name."""
    return f"{TYPE_PREFIX}{name}.v{version}"


def schema_urn(name: str, version: int = 1) -> str:
    """Return the `dataschema` of a message name: a URN, since the schema ships with the code."""
    return f"urn:stadttakt:schema:{name}:v{version}"
