# SPDX-License-Identifier: EUPL-1.2
"""The public keys that verify what signs say."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict

from parking_occupancy.api.present import PresentBoard
from parking_occupancy.signing import base64url

router = APIRouter(prefix="/v1/signing-keys", tags=["signs"])


class PublicKey(BaseModel):
    """An Ed25519 public key (RFC 8037)."""

    model_config = ConfigDict(extra="forbid")
    kty: Literal["OKP"] = "OKP"
    crv: Literal["Ed25519"] = "Ed25519"
    alg: Literal["EdDSA"] = "EdDSA"
    use: Literal["sig"] = "sig"
    kid: str
    x: str


class PublicKeys(BaseModel):
    """A JSON Web Key Set (RFC 7517)."""

    model_config = ConfigDict(extra="forbid")
    keys: list[PublicKey]


class _KeySet(JSONResponse):
    media_type = "application/jwk-set+json"


@router.get(
    "",
    summary="Public keys of signed signs",
    response_model=PublicKeys,
    response_class=_KeySet,
)
async def signing_keys(board: PresentBoard) -> JSONResponse:
    """Those in use, those before and those to come; secrets shared with controllers never."""
    keys = PublicKeys(
        keys=[
            PublicKey(kid=key_id, x=base64url(key))
            for key_id, key in sorted(board.signatures.public_keys().items())
        ]
    )
    return _KeySet(keys.model_dump(), headers={"cache-control": "max-age=300"})
