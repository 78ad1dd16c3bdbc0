# SPDX-License-Identifier: EUPL-1.2
"""The SQL; alone knows the tables."""
