"""What the panel's buttons do."""

from typing import Final

from .scene import CharacterOperator, CreateAvatarOperator, GenerateOperator
from .session import CancelOperator, DismissOperator, PreferencesOperator
from .stage import StageOperator
from .video import LikenessOperator, RenderOperator

CLASSES: Final = (
    GenerateOperator,
    CreateAvatarOperator,
    StageOperator,
    RenderOperator,
    LikenessOperator,
    CharacterOperator,
    CancelOperator,
    DismissOperator,
    PreferencesOperator,
)
