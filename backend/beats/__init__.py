"""Beats: where they are, their number in the bar, the meter."""
