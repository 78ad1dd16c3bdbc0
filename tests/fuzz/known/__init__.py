# SPDX-License-Identifier: EUPL-1.2
"""What each service that is fuzzed has in it: a way through all its operations, which leaves something of everything."""
