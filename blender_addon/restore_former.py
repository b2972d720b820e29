"""What an avatar played before its last motion is put back: its body, its face, its baton."""

import json
from typing import Any

from retarget.errors import ConductorError

from .blocks import put_blocks_back
from .former import STATE_KEY, Former, forget_former, playing
from .held_baton import baton_of
from .motion_notes import is_of_one_motion
from .restore import FOLLOWING_KEY, shape_keys_of
from .stage.baton import ADDED_KEY, remove_baton


def restore_former(scene: Any, armature: Any) -> Any:
    """Put back what an armature played before the motion that it plays now, pose and all.

    So is what the shape keys of its meshes played. A baton that came with the motion goes with it;
    one that was there plays what it did. The Actions of body and face stay in the file with a fake
    user, and forget what was before them.

    Parameters
    ----------
    scene : bpy.types.Scene
        For its frame.
    armature : bpy.types.Object
        The avatar.

    Returns
    -------
    bpy.types.Action or None
        The Action of the armature that is in use again; None if there was none.

    Raises
    ------
    ConductorError
        If the armature plays no such motion, or the former Action was deleted.
    """
    action = playing(armature)
    former = Former.kept_in(action) if action else None
    if action is None or former is None:
        name = "Nothing" if armature is None else f"'{armature.name}'"
        raise ConductorError(
            f"{name} plays no Action of Virtual Conductor that another one stood before."
        )
    if former.action is None and former.slot:
        raise ConductorError(
            f"The Action that '{armature.name}' played before was deleted; choose another one in "
            "the Action editor."
        )
    shapes = shape_keys_of(armature)
    for block, name in ((armature, armature.name), *((block, block.name) for block in shapes)):
        if block.animation_data is not None and block.animation_data.use_tweak_mode:
            raise ConductorError(
                f"A strip of '{name}' is being tweaked in the NLA editor; leave tweak mode (Tab) "
                "first."
            )
    leading = [block for block in shapes if _plays_with(block, action)]
    baton = baton_of(armature)
    action.use_fake_user = True
    former.put_back(scene, armature)
    if former.action is None or STATE_KEY not in former.action:
        put_blocks_back(armature)
    for block in leading:
        _restore_part(scene, block)
    if leading and not any(playing(block) for block in shapes):
        for block in shapes:
            _unfollow(block)
    if baton is not None and _plays_with(baton, action):
        if ADDED_KEY in playing(baton):
            remove_baton(armature)
        else:
            _restore_part(scene, baton)
    forget_former(action)
    return former.action


def _plays_with(block: Any, action: Any) -> bool:
    """Whether a data-block plays an Action that was made of the same motion."""
    own = playing(block)
    return own is not None and is_of_one_motion(own, action)


def _restore_part(scene: Any, block: Any) -> None:
    action = playing(block)
    former = Former.kept_in(action)
    # Its Action may have been deleted: then nothing plays, and the values stand.
    if former is not None:
        action.use_fake_user = True
        former.put_back(scene, block)
    forget_former(action)


def _unfollow(block: Any) -> None:
    """Take the drivers away that had shape keys follow those of another mesh."""
    text = block.get(FOLLOWING_KEY)
    if text is None:
        return
    for path, value in json.loads(text).items():
        block.driver_remove(path)
        block.path_resolve(path.rpartition(".")[0]).value = value
    del block[FOLLOWING_KEY]
    data = block.animation_data
    if data is not None and not (data.action or data.drivers or data.nla_tracks):
        block.animation_data_clear()
