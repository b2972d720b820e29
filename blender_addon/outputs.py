"""Ways to key limbs, by name: for the command, the panel and the keys alike."""

from typing import Final, Literal, get_args

Output = Literal["auto", "fk", "ik"]
OUTPUTS: Final[tuple[Output, ...]] = get_args(Output)
OUTPUT_WORDS: Final[dict[Output, tuple[str, str]]] = {
    "auto": ("Automatic", "The targets where inverse kinematics leads, else the bones"),
    "fk": ("Bones (FK)", "The bones themselves"),
    "ik": ("Targets (IK)", "Targets and poles of inverse kinematics where there are any"),
}
"""Label and description of each, as the panel shows them."""
