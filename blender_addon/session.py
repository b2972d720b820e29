"""One Blender for many verbs: requests come in lines of JSON, answers go out as marked lines.

A request is the list of a verb and its options, as on the command line; its answer ends with a
line of kind "done". The line "cancel" ends the verb in progress, whose answer is then its end
alone. A request that fails, or is cancelled, leaves the session ready for the next; the end of
standard input, or SIGTERM, ends it.
"""

import json
import os
import queue
import threading
from collections.abc import Callable, Sequence
from typing import Final

from retarget.lines import Line, write_line

CANCEL: Final = "cancel"
DONE: Final = "done"


class Inbox:
    """Requests from standard input, one at a time: the parent waits for the answer to each.

    Where standard input closes while a request is done, the process ends.

    Parameters
    ----------
    stop : threading.Event
        Set to have the request in progress cancelled.
    """

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._busy = False
        self._waiting: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def take(self) -> list[str] | None:
        """The next request, or None when there will be no more."""
        request = self._waiting.get()
        return None if request is None else json.loads(request)

    def answered(self) -> None:
        """The request that was taken is done."""
        self._busy = False
        self._stop.clear()
        write_line(Line(DONE, ""))

    def end(self) -> None:
        """Cancel what is being done, and take no more."""
        self._stop.set()
        self._waiting.put(None)

    def _read(self) -> None:
        # A descriptor of its own: a thread that holds sys.stdin's lock would block exit.
        with os.fdopen(os.dup(0), encoding="utf-8") as lines:
            for line in lines:
                if line.strip() != CANCEL:
                    self._busy = True
                    self._waiting.put(line)
                elif self._busy:
                    self._stop.set()
        if self._busy:
            os._exit(1)
        self._waiting.put(None)


def serve(inbox: Inbox, do: Callable[[Sequence[str]], object]) -> None:
    """Do what is asked for, one request after the other, until there is no more.

    Parameters
    ----------
    inbox : Inbox
        Where the requests come from.
    do : callable
        Does one request; it writes what goes wrong as a line of its own.
    """
    while (request := inbox.take()) is not None:
        do(request)
        inbox.answered()
