"""A stand-in for the Mobilithek's broker and for a ParkAPI receiver, with faults on request."""
