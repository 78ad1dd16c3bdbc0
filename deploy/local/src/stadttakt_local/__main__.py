"""Lets `python -m stadttakt_local` be the command line."""

from stadttakt_local.cli import main

main()
