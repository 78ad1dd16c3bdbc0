# SPDX-License-Identifier: EUPL-1.2
"""Logging in at pages: by redirect to an OpenID provider or with a key; sessions in a sealed cookie."""
