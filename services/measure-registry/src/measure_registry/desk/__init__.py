# SPDX-License-Identifier: EUPL-1.2
"""What is done with ideas, the same for the API, the pages and imports; in the caller's transaction."""
