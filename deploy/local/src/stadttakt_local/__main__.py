# SPDX-License-Identifier: EUPL-1.2
"""Lets `python -m stadttakt_local` be the command line."""

from stadttakt_local.cli import main

main()
