"""What the panel's buttons do."""

from typing import Final

from . import bone_map
from .avatar_file import ImportAvatarOperator
from .baton import AddBatonOperator, RemoveBatonOperator
from .constraints import MuteConstraintsOperator
from .export import ExportOperator
from .former import MendBlocksOperator, RestoreFormerOperator
from .scene import CharacterOperator, CreateAvatarOperator, GenerateOperator
from .session import CancelOperator, DismissOperator, PreferencesOperator
from .stage import StageOperator
from .t_pose import RestTPoseOperator, SetTPoseOperator
from .video import LikenessOperator, RenderOperator

CLASSES: Final = (
    GenerateOperator,
    CreateAvatarOperator,
    ImportAvatarOperator,
    AddBatonOperator,
    RemoveBatonOperator,
    *bone_map.CLASSES,
    SetTPoseOperator,
    RestTPoseOperator,
    MendBlocksOperator,
    MuteConstraintsOperator,
    RestoreFormerOperator,
    StageOperator,
    RenderOperator,
    LikenessOperator,
    ExportOperator,
    CharacterOperator,
    CancelOperator,
    DismissOperator,
    PreferencesOperator,
)
