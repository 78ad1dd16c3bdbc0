"""Decodes stored uplinks again and retries quarantined messages, beside live traffic."""
