"""A request that is not granted."""

from retarget.errors import ConductorError


class RefusedError(ConductorError):
    """Answered with an HTTP status and one sentence.

    Parameters
    ----------
    status : int
        HTTP status, 400 or above.
    sentence : str
        What is wrong and what to do.
    """

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
