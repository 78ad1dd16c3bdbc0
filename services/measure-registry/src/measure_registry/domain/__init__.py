"""Ideas, how they are rated and moved, and what comes of them; pure."""
