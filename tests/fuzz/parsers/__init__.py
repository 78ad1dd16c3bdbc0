# SPDX-License-Identifier: EUPL-1.2
"""Every parser of what strangers send, as something that takes bytes; `make fuzz` and a short form in the tests."""
