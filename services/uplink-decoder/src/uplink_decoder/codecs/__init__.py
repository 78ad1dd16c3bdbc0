# SPDX-License-Identifier: EUPL-1.2
"""Native codecs: pure functions from frame to decoded fields. The list of them is in `registry`."""
