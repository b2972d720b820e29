"""The sidebar panel: 3D view > N > Conductor."""

from typing import Any, ClassVar, Final

from . import rig_panel
from .graphics import software_renderer
from .held_baton import baton_of
from .operators.avatar_file import ImportAvatarOperator
from .operators.baton import AddBatonOperator, RemoveBatonOperator
from .operators.export import ExportOperator
from .operators.scene import CharacterOperator, CreateAvatarOperator, GenerateOperator
from .operators.session import CancelOperator, DismissOperator
from .operators.stage import StageOperator
from .operators.video import LikenessOperator, RenderOperator
from .panel_parts import MAIN_PANEL, ConductorPanel, draw_text
from .styles import sliders
from .task import Task, session

_SLOW: Final = (
    "No graphics card draws here, so every frame of a Preview takes ten seconds or more; "
    "Draft takes a hundredth of that."
)


class MainPanel(ConductorPanel):
    """Music, avatar, Generate, and what is going on."""

    bl_idname = MAIN_PANEL
    bl_label = "Virtual Conductor"

    def draw(self, context: Any) -> None:
        """Draw the panel."""
        settings = context.scene.virtual_conductor
        layout = self.layout
        column = layout.column()
        column.label(text="Music")
        column.prop(settings, "music", text="", placeholder="Sound or video file")
        column.separator(factor=0.5)
        column.label(text="Avatar")
        row = column.row(align=True)
        row.prop(settings, "avatar", text="", icon="ARMATURE_DATA", placeholder="New conductor")
        row.operator(ImportAvatarOperator.bl_idname, text="", icon="IMPORT")
        if settings.avatar is None:
            row.operator(CreateAvatarOperator.bl_idname, text="", icon="ADD")
            column.template_icon_view(settings, "conductor", show_labels=True, scale_popup=4.0)
            column.prop(settings, "conductor", text="")
        _draw_baton(column, settings)
        if not settings.owns_timeline and settings.avatar is not None:
            column.prop(settings, "set_range")
        column.separator()
        if session.task is not None:
            draw_task(column, session.task)
        else:
            button = column.row()
            button.scale_y = 1.5
            button.operator(GenerateOperator.bl_idname, icon="PLAY")
        draw_messages(column, context)


class BeatsPanel(ConductorPanel):
    """Where the beats come from."""

    bl_idname = "VIEW3D_PT_virtual_conductor_beats"
    bl_parent_id = MainPanel.bl_idname
    bl_label = "Beats"
    bl_options: ClassVar[set[str]] = {"DEFAULT_CLOSED"}

    def draw(self, context: Any) -> None:
        """Draw the panel."""
        settings = context.scene.virtual_conductor
        layout = _split(self.layout)
        layout.prop(settings, "beats")
        if settings.beats == "SCORE":
            layout.prop(settings, "score", placeholder="MIDI, MusicXML")
        elif settings.beats == "LISTEN":
            layout.prop(settings, "meter")
            _switched(layout, settings, "Tempo", "use_tempo", "tempo")
        column = layout.column()
        _switched(column, settings, "Excerpt from", "use_excerpt", "start")
        row = column.row()
        row.active = settings.use_excerpt
        row.prop(settings, "duration")
        layout.prop(settings, "audio_track")


class StylePanel(ConductorPanel):
    """How it is conducted."""

    bl_idname = "VIEW3D_PT_virtual_conductor_style"
    bl_parent_id = MainPanel.bl_idname
    bl_label = "Style"
    bl_options: ClassVar[set[str]] = {"DEFAULT_CLOSED"}

    def draw(self, context: Any) -> None:
        """Draw the panel."""
        settings = context.scene.virtual_conductor
        layout = _split(self.layout)
        layout.prop(settings, "style")
        column = layout.column(align=True)
        for slider in sliders():
            row = column.row(align=True)
            row.active = slider.name != "face" or settings.use_face
            row.prop(settings, slider.name)
        layout.prop(settings, "use_face")
        layout.prop(settings, "model")
        layout.prop(settings, "seed")


class StagePanel(ConductorPanel):
    """Set, light and camera."""

    bl_idname = "VIEW3D_PT_virtual_conductor_stage"
    bl_parent_id = MainPanel.bl_idname
    bl_label = "Stage"
    bl_options: ClassVar[set[str]] = {"DEFAULT_CLOSED"}

    def draw(self, context: Any) -> None:
        """Draw the panel."""
        settings = context.scene.virtual_conductor
        layout = _split(self.layout)
        layout.prop(settings, "stage")
        layout.prop(settings, "camera")
        layout.prop(settings, "camera_move")
        self.layout.operator(StageOperator.bl_idname, icon="OUTLINER_OB_CAMERA")


class VideoPanel(ConductorPanel):
    """The animation as a video."""

    bl_idname = "VIEW3D_PT_virtual_conductor_video"
    bl_parent_id = MainPanel.bl_idname
    bl_label = "Video"

    def draw(self, context: Any) -> None:
        """Draw the panel."""
        settings = context.scene.virtual_conductor
        layout = _split(self.layout)
        layout.prop(settings, "quality")
        if settings.quality == "preview" and software_renderer() is not None:
            warning = self.layout.box().column(align=True)
            draw_text(warning, context, _SLOW, "ERROR")
        layout.column(align=True).prop(settings, "overlays")
        layout.prop(settings, "folder")
        _make_and_open(
            self.layout, RenderOperator.bl_idname, "RENDER_ANIMATION", settings.animation
        )
        self.layout.operator(ExportOperator.bl_idname, text="Export Animation…", icon="EXPORT")


class LikenessPanel(ConductorPanel):
    """The person of a photo as the conductor."""

    bl_idname = "VIEW3D_PT_virtual_conductor_likeness"
    bl_parent_id = MainPanel.bl_idname
    bl_label = "Likeness"

    def draw(self, context: Any) -> None:
        """Draw the panel."""
        settings = context.scene.virtual_conductor
        layout = _split(self.layout)
        layout.prop(settings, "photo", placeholder="One person")
        layout.prop(settings, "dress")
        layout.prop(settings, "background")
        if settings.background == "colour":
            layout.prop(settings, "colour")
        _make_and_open(self.layout, LikenessOperator.bl_idname, "USER", settings.likeness)
        self.layout.operator(CharacterOperator.bl_idname, icon="OUTLINER_OB_ARMATURE")


CLASSES: Final = (
    MainPanel,
    *rig_panel.CLASSES,
    BeatsPanel,
    StylePanel,
    StagePanel,
    VideoPanel,
    LikenessPanel,
)


def _draw_baton(layout: Any, settings: Any) -> None:
    """The checkbox, and beside it what to do with the baton of an avatar that is there."""
    row = layout.row()
    row.prop(settings, "baton")
    if settings.avatar is not None:
        held = baton_of(settings.avatar) is not None
        button = RemoveBatonOperator if held else AddBatonOperator
        row.operator(button.bl_idname, text="", icon="REMOVE" if held else "ADD", emboss=False)


def draw_task(layout: Any, task: Task) -> None:
    """The work in progress: bar, time left, Cancel."""
    box = layout.box().column()
    box.label(text=f"{task.title}…")
    phase = "cancelling" if task.cancelling else task.phase
    box.progress(factor=task.fraction, type="BAR", text=f"{task.fraction:.0%}")
    row = box.row()
    row.label(text=phase[:1].upper() + phase[1:])
    left = task.seconds_left
    if left is not None and not task.cancelling:
        time = row.row()
        time.alignment = "RIGHT"
        time.label(text=time_text(left))
    box.operator(CancelOperator.bl_idname, icon="CANCEL")


def draw_messages(layout: Any, context: Any) -> None:
    """What went wrong, with its fix, and what the user should know of the result."""
    problem = session.problem
    if problem is not None:
        box = _message(layout, context, problem.sentence, "ERROR")
        if problem.fix is not None:
            box.operator(problem.fix, text=problem.fix_label)
    for note in session.notes:
        _message(layout, context, note, "INFO")


def time_text(seconds: float) -> str:
    """Time left in words: "1:05 left"."""
    whole = max(1, round(seconds))
    hours, minutes = whole // 3600, whole // 60 % 60
    if hours:
        return f"{hours}:{minutes:02d}:{whole % 60:02d} left"
    return f"{minutes}:{whole % 60:02d} left"


def _message(layout: Any, context: Any, text: str, icon: str) -> Any:
    box = layout.box().column(align=True)
    row = box.row()
    draw_text(row.column(align=True), context, text, icon)
    close = row.column()
    close.operator(DismissOperator.bl_idname, text="", icon="X", emboss=False)
    return box


def _split(layout: Any) -> Any:
    layout.use_property_split = True
    layout.use_property_decorate = False
    return layout


def _switched(layout: Any, settings: Any, label: str, switch: str, value: str) -> None:
    """A value with a checkbox that switches it on."""
    row = layout.row(heading=label)
    row.prop(settings, switch, text="")
    field = row.row()
    field.active = getattr(settings, switch)
    field.prop(settings, value, text="")


def _make_and_open(layout: Any, operator: str, icon: str, made: str) -> None:
    """A wide button that makes a video, and beside it one that opens the last one."""
    row = layout.row(align=True)
    row.scale_y = 1.3
    row.operator(operator, icon=icon)
    if made:
        row.operator("wm.path_open", text="", icon="FILE_MOVIE").filepath = made
