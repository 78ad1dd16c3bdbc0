# SPDX-License-Identifier: EUPL-1.2
"""One connection per broker, each supervised alone; who may take how much, and how each one is."""
