"""Operators that work in the background and change the scene in one step."""

from collections.abc import Callable
from typing import Any, ClassVar, Final

import bpy

from retarget.errors import Cancelled, ConductorError
from retarget.progress import Progress, no_progress

from .task import Task, problem_of, session

Work = Callable[[Progress], Any]

_TICK_S: Final = 0.2
# Blender moves what stands below a panel that has grown only when it draws again.
_SETTLED_S: Final = 0.1


class Working(bpy.types.Operator):
    """An operator that works in the background and then changes the scene in one step.

    `prepare` reads what it needs from the scene and returns the work, which runs on a thread and
    never touches bpy; `finish` puts the result into the scene. Without a window, or called from a
    script, everything happens in `execute`, one after the other.
    """

    title: ClassVar[str]
    _task: Task
    _timer: Any
    _scene: str

    def prepare(self, context: Any) -> Work:
        raise NotImplementedError

    def finish(self, context: Any, scene: Any, result: Any) -> str:
        raise NotImplementedError

    @classmethod
    def poll(cls, _context: Any) -> bool:
        if session.task is not None:
            cls.poll_message_set("Wait until the work in progress is done, or cancel it")
            return False
        return True

    def invoke(self, context: Any, _event: Any) -> set[str]:
        if bpy.app.background:
            return self.execute(context)
        session.problem, session.notes = None, ()
        try:
            work = self.prepare(context)
        except Exception as fault:
            return self._failed(context, fault)
        self._scene = context.scene.name
        self._task = session.task = Task(self.title, work)
        self._task.start()
        manager = context.window_manager
        self._timer = manager.event_timer_add(_TICK_S, window=context.window)
        manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: Any, event: Any) -> set[str]:
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        _tag_views(context.window_manager)
        if not self._task.done:
            return {"PASS_THROUGH"}
        self._release(context)
        if isinstance(self._task.fault, Cancelled):
            return {"CANCELLED"}
        if self._task.fault is not None:
            return self._failed(context, self._task.fault)
        try:
            scene = bpy.data.scenes.get(self._scene)
            if scene is None:
                raise ConductorError(f"The scene {self._scene} is gone; start again in another.")
            message = self.finish(context, scene, self._task.result)
        except Exception as fault:
            return self._failed(context, fault)
        redraw(context)
        self.report({"INFO"}, message)
        return {"FINISHED"}

    def execute(self, context: Any) -> set[str]:
        session.problem, session.notes = None, ()
        try:
            result = self.prepare(context)(no_progress)
            message = self.finish(context, context.scene, result)
        except ConductorError as fault:
            # In a script this becomes a RuntimeError with the sentence.
            self.report({"ERROR"}, str(fault))
            return {"CANCELLED"}
        self.report({"INFO"}, message)
        return {"FINISHED"}

    def cancel(self, context: Any) -> None:
        # Blender ends the operator: another file is opened, or the window closes.
        self._task.cancel()
        self._release(context)

    def _failed(self, context: Any, fault: BaseException) -> set[str]:
        session.problem = problem_of(fault)
        redraw(context)
        self.report({"WARNING"}, session.problem.sentence)
        return {"CANCELLED"}

    def _release(self, context: Any) -> None:
        context.window_manager.event_timer_remove(self._timer)
        session.task = None
        redraw(context)


def redraw(context: Any) -> None:
    """Have every 3D view show what changed, and once more when panels have found their places."""
    _tag_views(context.window_manager)
    if not bpy.app.background:
        bpy.app.timers.register(_settle, first_interval=_SETTLED_S)


def _settle() -> None:
    _tag_views(bpy.context.window_manager)


def _tag_views(manager: Any) -> None:
    for window in manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                area.tag_redraw()
