# SPDX-License-Identifier: EUPL-1.2
"""The SQL of schema `registry`; never commits."""
