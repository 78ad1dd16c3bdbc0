"""Uploaded codecs before they are stored: reading, proving by vectors, importing in bulk."""
