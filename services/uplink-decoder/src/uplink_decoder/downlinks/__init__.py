"""Downlinks on their way out: which server, handing over, and what became of them."""
