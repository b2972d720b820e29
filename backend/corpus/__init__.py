"""Scores become performances: sound with exact beats, for training and testing."""
