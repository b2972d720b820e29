"""The grid of conducted beats, and the rule of what is conducted."""
