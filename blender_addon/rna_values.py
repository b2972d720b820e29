"""The values of Blender's data as they are, to be put back."""

from typing import Any, Final

Values = dict[str, Any]
"""Property to value; custom properties are in brackets."""

_KINDS: Final = frozenset({"BOOLEAN", "INT", "FLOAT", "STRING", "ENUM", "POINTER"})
# Ways to set other properties, what the frame decides, and what only looks like a value.
_DERIVED: Final = frozenset(
    {
        *("matrix", "matrix_basis", "matrix_world", "matrix_local", "dimensions"),
        *("frame_current", "frame_subframe", "frame_float"),
        *("name", "tag", "is_runtime_data", "asset_data", "active_material"),
        *("action", "action_slot", "action_slot_handle", "action_tweak_storage"),
        *("action_slot_handle_tweak_storage", "use_tweak_mode"),
    }
)


def values_of(owner: Any) -> Values:
    """The writable values of a data-block, or of a part of one, and its custom properties."""
    values = {
        prop.identifier: _copied(getattr(owner, prop.identifier))
        for prop in owner.bl_rna.properties
        if not prop.is_readonly and prop.type in _KINDS and prop.identifier not in _DERIVED
    }
    return values | {f'["{key}"]': value for key, value in _custom_values(owner).items()}


def put_back(owner: Any, values: Values) -> None:
    """Set what is different from `values` now."""
    custom = _custom_values(owner)
    # A limit, the end of a range say, may have to move before another value can.
    for _ in range(2):
        for name, value in values.items():
            if name.startswith('["'):
                if custom.get(name[2:-2]) != value:
                    owner[name[2:-2]] = value
            elif _copied(getattr(owner, name)) != value:
                setattr(owner, name, value)


def _custom_values(owner: Any) -> Values:
    try:
        items = dict(owner.items())
    except (AttributeError, TypeError):
        # Not every kind of data can have custom properties.
        return {}
    values = {key: _copied(value) for key, value in items.items()}
    return {k: v for k, v in values.items() if isinstance(v, int | float | str | tuple)}


def _copied(value: Any) -> Any:
    if isinstance(value, set):
        return set(value)
    if hasattr(value, "to_list"):
        return tuple(value.to_list())
    if isinstance(value, str | bytes) or hasattr(value, "bl_rna") or hasattr(value, "to_dict"):
        return value
    return tuple(map(_copied, value)) if hasattr(value, "__len__") else value
