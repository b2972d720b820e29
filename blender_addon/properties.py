"""The settings of the panel; they are saved with the scene."""

from typing import Any

import bpy
from bpy.props import (
    BoolProperty,
    EnumProperty,
    FloatProperty,
    FloatVectorProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)

from .engines import QUALITY_WORDS
from .gallery import conductor_items
from .outputs import OUTPUT_WORDS
from .overlays import OVERLAY_WORDS
from .staging import CAMERA_WORDS, STAGE_WORDS, Staging
from .styles import presets, sliders

METERS = ("2/4", "3/4", "4/4", "5/4", "6/4", "2/2", "3/2", "3/8", "6/8", "9/8", "12/8")

_PATH = {"subtype": "FILE_PATH", "options": {"PATH_SUPPORTS_BLEND_RELATIVE"}}


def _is_armature(_settings: Any, candidate: Any) -> bool:
    return bool(candidate.type == "ARMATURE")


def _apply_preset(settings: Any, _context: Any) -> None:
    for name, value in presets()[settings.style].items():
        setattr(settings, name, value)


# The table that also names them for the backend, as a class that Blender reads properties from.
_StyleSliders = type(
    "_StyleSliders",
    (),
    {
        "__annotations__": {
            slider.name: FloatProperty(
                name=slider.label,
                description=slider.description,
                default=presets()["neutral"][slider.name],
                min=0.0,
                max=slider.maximum,
                step=1,
                precision=2,
                subtype="FACTOR",
            )
            for slider in sliders()
        }
    },
)


class ConductorSettings(_StyleSliders, bpy.types.PropertyGroup):
    """What the panel asks for."""

    music: StringProperty(
        name="Music", description="Sound or video file that is to be conducted", **_PATH
    )
    avatar: PointerProperty(
        name="Avatar",
        description="Armature of the conductor; leave empty to have one made",
        type=bpy.types.Object,
        poll=_is_armature,
    )
    conductor: EnumProperty(
        name="Built-In Conductor",
        description="Who is built where no avatar is chosen",
        items=conductor_items,
    )
    rig_output: EnumProperty(
        name="Limbs",
        description="What of arms and legs is keyed",
        items=tuple((name, *words) for name, words in OUTPUT_WORDS.items()),
    )
    mute_constraints: BoolProperty(
        name="Mute Constraints",
        description="Have the Action mute constraints that would turn bones away from the motion",
    )
    baton: BoolProperty(
        name="Baton",
        description="Give an avatar whose rig has no baton one of its own when it is animated",
        default=True,
    )

    set_range: BoolProperty(
        name="Set Frame Range",
        description="Give this scene the frame rate and range of the performance, instead of only "
        "previewing its frames",
    )
    owns_timeline: BoolProperty(
        name="Made for Conducting",
        description="Whether the scene began with its conductor and stage",
        options={"HIDDEN"},
    )
    first_frame: IntProperty(
        name="First Frame",
        description="Frame on which the performance begins",
        options={"HIDDEN"},
    )

    beats: EnumProperty(
        name="Beats",
        description="Where the conducted beats come from",
        items=(
            ("LISTEN", "From the Music", "Listen to the music and find the beats"),
            ("SCORE", "From a Score", "Take the exact beats of a MIDI or MusicXML file"),
            ("MARKERS", "From the Markers", "Take the beat markers of this scene as edited"),
        ),
    )
    score: StringProperty(
        name="Score",
        description="MIDI or MusicXML file of the same performance",
        **_PATH,
    )
    meter: EnumProperty(
        name="Meter",
        description="Meter of the music",
        items=(
            ("auto", "Automatic", "Find the meter by listening"),
            *((meter, meter, f"Conduct in {meter}") for meter in METERS),
        ),
    )
    use_tempo: BoolProperty(
        name="Set Tempo", description="Give the tempo instead of finding it by listening"
    )
    tempo: FloatProperty(
        name="Tempo",
        description="About how many beats per minute",
        default=100.0,
        min=20.0,
        max=300.0,
        precision=1,
    )
    use_excerpt: BoolProperty(
        name="Excerpt", description="Conduct a part of the music instead of all of it"
    )
    start: FloatProperty(
        name="Start",
        description="Where in the music the excerpt begins, in seconds",
        min=0.0,
        soft_max=600.0,
        subtype="TIME_ABSOLUTE",
    )
    duration: FloatProperty(
        name="Duration",
        description="Length of the excerpt in seconds",
        default=30.0,
        min=1.0,
        soft_max=600.0,
        subtype="TIME_ABSOLUTE",
    )

    audio_track: IntProperty(
        name="Sound Track",
        description="Which of several sound tracks in the music file; 0 is the file's default",
        min=0,
        max=99,
    )

    style: EnumProperty(
        name="Style",
        description="How it is conducted; choosing one sets the sliders",
        items=tuple((name, name.title(), f"Conduct {name}") for name in presets()),
        update=_apply_preset,
    )
    model: EnumProperty(
        name="Model",
        description="What decides how it is conducted",
        items=(
            ("learned", "Learned", "The trained network"),
            ("teacher", "Teacher", "The rules the network learned from"),
        ),
    )
    use_face: BoolProperty(
        name="Face",
        description="Animate the face too, on the avatar's shape keys",
        default=True,
    )
    seed: IntProperty(
        name="Seed", description="The same seed gives the same performance", default=0, min=0
    )

    stage: EnumProperty(
        name="Stage",
        description="The set and its light",
        items=tuple((name, *words) for name, words in STAGE_WORDS.items()),
    )
    camera: EnumProperty(
        name="Camera",
        description="Where the conductor is seen from",
        items=tuple((name, *words) for name, words in CAMERA_WORDS.items()),
    )
    camera_move: BoolProperty(
        name="Moving Camera", description="Move the camera slowly, from phrase to phrase"
    )

    quality: EnumProperty(
        name="Quality",
        description="How the video is rendered",
        items=(
            ("SCENE", "As in the Scene", "Render with the settings of this scene"),
            *((name, *words) for name, words in QUALITY_WORDS.items()),
        ),
    )
    overlays: EnumProperty(
        name="Overlay",
        description="What is drawn over the videos",
        items=tuple((name, *words) for name, words in OVERLAY_WORDS.items()),
        options={"ENUM_FLAG"},
        default=set(),
    )
    folder: StringProperty(
        name="Save To",
        description="Folder of the videos; // is the folder of this .blend file",
        default="//",
        subtype="DIR_PATH",
        options={"PATH_SUPPORTS_BLEND_RELATIVE"},
    )
    animation: StringProperty(name="Rendered Video", description="The video rendered last", **_PATH)

    photo: StringProperty(
        name="Photo",
        description="Picture of a person, or a .subject file made of one",
        **_PATH,
    )
    dress: EnumProperty(
        name="Dress",
        description="What the person of the photo wears",
        items=(
            (
                "auto",
                "Automatic",
                "Concert dress where the photo's clothes show too little",
            ),
            ("photo", "As in the Photo", "The clothes of the photo"),
            ("concert", "Tailcoat", "White tie and tails, whatever the photo shows"),
            ("gown", "Gown", "A black concert dress, whatever the photo shows"),
        ),
    )
    background: EnumProperty(
        name="Background",
        description="What is behind the person",
        items=(
            ("photo", "Photo", "The background of the photo"),
            ("stage", "Stage", "This scene without its avatar"),
            ("colour", "Color", "One color"),
        ),
    )
    colour: FloatVectorProperty(
        name="Color",
        description="Color behind the person",
        subtype="COLOR_GAMMA",
        size=3,
        default=(0.13, 0.16, 0.2),
        min=0.0,
        max=1.0,
    )
    likeness: StringProperty(
        name="Likeness Video", description="The likeness video made last", **_PATH
    )

    @property
    def staging(self) -> Staging:
        """What is built round a conductor."""
        return Staging(self.stage, self.camera, self.camera_move)

    @property
    def style_values(self) -> dict[str, float]:
        """The sliders by name, without the noise of Blender's single precision."""
        return {slider.name: round(getattr(self, slider.name), 4) for slider in sliders()}

    @property
    def span(self) -> tuple[float, float | None]:
        """Start and duration of what is conducted, seconds; None is up to the end."""
        return (self.start, self.duration) if self.use_excerpt else (0.0, None)

    @property
    def chosen_track(self) -> int | None:
        """The sound track of the music that is chosen, from 1 on; None is the file's default."""
        return self.audio_track or None

    @property
    def colour_code(self) -> str:
        """The background colour as "#rrggbb"."""
        return "#" + "".join(f"{round(channel * 255):02x}" for channel in self.colour)
