"""One data file per rig family: which bones play which joints.

`{side}` stands for the words in `sides`; `a|b` means the first of these bones that is there. A
joint may be played by a bone, by a list of bones in a row, or by a list of such lists (several
fingers). Bones that are not there are left out, except that every joint in `required` must be
played.
"""
