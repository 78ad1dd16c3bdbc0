# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt parking sign-key`: what a sign's controller needs to verify answers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from parking_occupancy.city.folder import read_folder
from parking_occupancy.domain.signing import Algorithm
from parking_occupancy.signing import (
    Ed25519Signer,
    UnusableKeyError,
    algorithm_of,
    base64url,
    load_signer,
)
from stadttakt_runtime.commands.output import AsJson, one_line, print_json
from stadttakt_runtime.plugins import CityError

FOLDER = "parking"


def sign_key_command(
    sign_id: Annotated[str, typer.Argument(help="a sign of signs.yaml")],
    city: Annotated[
        Path,
        typer.Option(envvar="STADTTAKT_CITY", exists=True, file_okay=False, help="city folder"),
    ],
    *,
    key_id: Annotated[
        str | None, typer.Option(help="another key than the sign's, such as the next one")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print the key for one controller, base64url: its own secret, or the public key."""
    with one_line(CityError, UnusableKeyError, ValueError):
        found, algorithm, key = _key(sign_id, city, key_id)
    if as_json:
        document = {"sign_id": sign_id, "key_id": found, "algorithm": algorithm.value, "key": key}
        print_json(document)
    else:
        typer.echo(key)


def _key(sign_id: str, city: Path, key_id: str | None) -> tuple[str, Algorithm, str]:
    folder = read_folder(city / FOLDER)
    signs = {sign.sign_id: sign for sign in folder.signs}
    if sign_id not in signs:
        raise ValueError(f"there is no sign {sign_id}")
    wanted = key_id or folder.signing.key_id_of(signs[sign_id])
    if wanted is None:
        raise ValueError(f"what {sign_id} says is not signed")
    keys = {key.key_id: key for key in folder.signing.keys}
    if wanted not in keys:
        raise ValueError(f"there is no key {wanted}")
    signer = load_signer(keys[wanted].to_key())
    key = signer.public_key() if isinstance(signer, Ed25519Signer) else signer.key_of(sign_id)
    return wanted, algorithm_of(signer), base64url(key)
