# SPDX-License-Identifier: EUPL-1.2
"""Datasets: rows of views become editions by day, and editions become files."""
