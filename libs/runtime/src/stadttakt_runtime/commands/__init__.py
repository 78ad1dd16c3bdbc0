# SPDX-License-Identifier: EUPL-1.2
"""The platform's own commands; services bring theirs by entry points."""
