# SPDX-License-Identifier: EUPL-1.2
"""A stand-in for the Mobilithek's broker and for a ParkAPI receiver, with faults on request."""
