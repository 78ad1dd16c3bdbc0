# SPDX-License-Identifier: EUPL-1.2
"""SQL of the publisher, relative to its schema; never commits."""
