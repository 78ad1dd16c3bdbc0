"""Who calls, and what they may do: API keys and OIDC bearer tokens, both with scopes."""
