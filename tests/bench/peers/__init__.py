# SPDX-License-Identifier: EUPL-1.2
"""The same job done by others: uplinks of parking sensors from the broker into rows, side by side in one run."""
