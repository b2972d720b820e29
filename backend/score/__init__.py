"""Scores in MusicXML and MIDI: bars in the order of playing, tempo, and notes."""
