"""Beats that were found, to be looked over, listened to and read."""
