# SPDX-License-Identifier: EUPL-1.2
"""What a session trusts and shows itself with: files, read anew for each connection."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Authorities (those of the system if none) and one's own certificate with its key, as PEM.

    Who replaces a file needs no restart: the next connection uses it, the present one goes on.
    """

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None

    def context(self) -> ssl.SSLContext:
        """Read the files; raises OSError (also ssl.SSLError), naming the file as its `filename`."""
        file = self.ca_file
        try:
            context = ssl.create_default_context(cafile=str(file) if file else None)
            file = self.cert_file
            if file:
                context.load_cert_chain(file, self.key_file)
        except OSError as error:
            error.filename = str(file)
            raise
        return context
