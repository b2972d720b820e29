"""One data file per rig family: which bones play which joints.

`label`
    What users call such rigs.
`sides`
    The words that `{side}` stands for, one or several a side.
`joints`
    Canonical joint to a bone, a list of bones in a row, or a list of such lists (several fingers).
    `a|b` means the first of these bones that is there. Bones that are not there are left out.
`trunk`
    All bones between the hips and the neck, from below; those that are there are divided into spine
    and chest, so that one family serves rigs with few or many of them.
`digits`
    The bones of thumb and fingers where all are named alike: `bone` with `{digit}` and `{number}`.
`required`
    Joints that must be played, if not hips, chest, head and both arms.
`like`
    Another family whose joints this one has too, but for those it gives itself.
`marks`
    Patterns of bone names, all of which must be met: they tell families apart that share names.
`follows`
    Which bone another moves with where mechanism bones stand between them.
`properties`
    Custom properties, by bone, that put the joints' bones in control.
`ik`
    Joint at a limb's end to its `target`, its `pole` and the `properties` that let these drive it.

Names are matched as written first, then in any case, with any separators and prefixes. Twist bones
need not be listed: they are found by their place in or beside a limb and by their names, which say
"twist" or are the limb's but for a number.
"""
