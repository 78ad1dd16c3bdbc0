# SPDX-License-Identifier: EUPL-1.2
"""Ideas, how they are rated and moved, and what comes of them; pure."""
