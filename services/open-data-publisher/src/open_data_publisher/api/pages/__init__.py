# SPDX-License-Identifier: EUPL-1.2
"""The portal's pages: reads what they show, and hands it to their templates."""
