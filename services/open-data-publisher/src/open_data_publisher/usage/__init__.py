# SPDX-License-Identifier: EUPL-1.2
"""How much what is published is used: counted without cookies or addresses, kept by day."""
