# SPDX-License-Identifier: EUPL-1.2
"""Uploaded codecs before they are stored: reading, proving by vectors, importing in bulk."""
