"""Conducting motion and how it reaches a rig.

NumPy only: this package is staged into the extension.
"""
