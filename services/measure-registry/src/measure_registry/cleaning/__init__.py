# SPDX-License-Identifier: EUPL-1.2
"""Attachments: told by their content, made anew without metadata, scripts and things that run."""
