# SPDX-License-Identifier: EUPL-1.2
"""The form of the block `signing` in `signs.yaml`; no secret may stand there."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from parking_occupancy.city.entries import KeyIdText, SignEntry
from parking_occupancy.domain.signing import Algorithm, SigningKey

UNSIGNED = "none"
"""What a sign names that is to be unsigned in a city of signed ones."""


class SigningKeyEntry(BaseModel):
    """One key; where its secret is found."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    key_id: KeyIdText
    algorithm: Algorithm
    secret_variable: (
        Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{0,127}$")] | None
    ) = None
    secret_file: Annotated[str, StringConstraints(min_length=1, max_length=1000)] | None = None

    @model_validator(mode="after")
    def _found_outside(self) -> Self:
        if (self.secret_variable is None) == (self.secret_file is None):
            raise ValueError("secret_variable or secret_file, one of them")
        if self.secret_file is not None and not PurePosixPath(self.secret_file).is_absolute():
            raise ValueError("secret_file: an absolute path, outside the city folder")
        if self.key_id == UNSIGNED:
            raise ValueError(f"key_id: {UNSIGNED} is no name of a key")
        return self

    def to_key(self) -> SigningKey:
        """Return the key."""
        return SigningKey(self.key_id, self.algorithm, self.secret_variable, self.secret_file)


class SigningEntry(BaseModel):
    """The keys, and which one signs for signs that name none."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    use: KeyIdText | None = None
    keys: Annotated[tuple[SigningKeyEntry, ...], Field(max_length=50)] = ()

    @model_validator(mode="after")
    def _known(self) -> Self:
        names = [key.key_id for key in self.keys]
        if len(set(names)) != len(names):
            raise ValueError("a key_id is given twice")
        if self.use is not None and self.use not in names:
            raise ValueError(f"use: there is no key {self.use}")
        return self

    def key_id_of(self, sign: SignEntry) -> str | None:
        """Return the key that signs what a sign says, if any does."""
        named = sign.signing or self.use
        return None if named == UNSIGNED else named

    def knows(self, name: str) -> bool:
        """Tell whether a sign may name this key."""
        return name == UNSIGNED or any(key.key_id == name for key in self.keys)
