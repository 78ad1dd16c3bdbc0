# SPDX-License-Identifier: EUPL-1.2
"""Acceptance of counting systems: counts read from files, reports as JSON, CSV and a page."""
