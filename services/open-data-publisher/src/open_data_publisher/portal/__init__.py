# SPDX-License-Identifier: EUPL-1.2
"""The pages that people read: frame, words and assets; knows no upstream and no database."""
