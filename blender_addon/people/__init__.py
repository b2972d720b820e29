"""People who were never there, drawn from distance fields: to measure the likeness on.

They share nothing with the body that the likeness fits, on purpose: measured on bodies of its own
family it would flatter itself.
"""
