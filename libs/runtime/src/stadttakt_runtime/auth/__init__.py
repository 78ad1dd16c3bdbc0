# SPDX-License-Identifier: EUPL-1.2
"""Who calls, and what they may do: API keys and OIDC bearer tokens, both with scopes."""
