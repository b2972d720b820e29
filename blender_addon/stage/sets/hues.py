"""What the things on a stage are made of; every set has its own colours for them."""

from enum import IntEnum


class Hue(IntEnum):
    """Numbers of the hues in a set's palette."""

    WOOD = 0
    DARK_WOOD = 1
    PLUSH = 2
    GILT = 3
    CLOTH = 4
    SKIN = 5
    DARK_HAIR = 6
    FAIR_HAIR = 7
    VARNISH = 8
    BRASS = 9
    METAL = 10
    PAPER = 11
    CARPET = 12
    PIPES = 13
    SHADE = 14
    FAIR_SKIN = 15
    DEEP_SKIN = 16
    GREY_HAIR = 17
    RED_HAIR = 18
    COPPER = 19
