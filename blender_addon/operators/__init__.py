"""What the panel's buttons do."""

from typing import Final

from .scene import CharacterOperator, CreateAvatarOperator, GenerateOperator
from .session import CancelOperator, DismissOperator, PreferencesOperator
from .video import LikenessOperator, RenderOperator

CLASSES: Final = (
    GenerateOperator,
    CreateAvatarOperator,
    RenderOperator,
    LikenessOperator,
    CharacterOperator,
    CancelOperator,
    DismissOperator,
    PreferencesOperator,
)
