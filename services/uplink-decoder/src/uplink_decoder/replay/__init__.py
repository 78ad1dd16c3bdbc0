# SPDX-License-Identifier: EUPL-1.2
"""Decodes stored uplinks again and retries quarantined messages, beside live traffic."""
