# SPDX-License-Identifier: EUPL-1.2
"""What the service answers over HTTP, from memory."""
