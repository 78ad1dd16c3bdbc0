# SPDX-License-Identifier: EUPL-1.2
"""Fetches from a server's storage what was sent while nobody listened."""
