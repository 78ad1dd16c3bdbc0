# SPDX-License-Identifier: EUPL-1.2
"""All SQL of the decoder; never commits."""
