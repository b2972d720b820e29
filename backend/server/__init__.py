"""The local server: one queue of jobs behind a token on loopback."""
