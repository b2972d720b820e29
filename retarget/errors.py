"""The two ways work ends early: a fault the user can mend, and a cancel."""


class ConductorError(Exception):
    """A fault the user can mend.

    The message is one sentence that says what is wrong and what to do about it. Commands print it
    and exit with code 2; the panel shows it. Anything else that is raised is a bug.
    """


class Cancelled(Exception):  # noqa: N818 - a request that was honoured, not an error
    """The user asked for the work to stop. Raised from inside a progress callback."""
