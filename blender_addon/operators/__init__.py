"""What the panel's buttons do."""

from typing import Final

from .avatar_file import ImportAvatarOperator
from .baton import AddBatonOperator, RemoveBatonOperator
from .scene import CharacterOperator, CreateAvatarOperator, GenerateOperator
from .session import CancelOperator, DismissOperator, PreferencesOperator
from .stage import StageOperator
from .video import LikenessOperator, RenderOperator

CLASSES: Final = (
    GenerateOperator,
    CreateAvatarOperator,
    ImportAvatarOperator,
    AddBatonOperator,
    RemoveBatonOperator,
    StageOperator,
    RenderOperator,
    LikenessOperator,
    CharacterOperator,
    CancelOperator,
    DismissOperator,
    PreferencesOperator,
)
