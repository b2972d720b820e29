"""What the detectors bring in, in an interpreter of their own."""

import subprocess
import sys

_PROGRAM = """
import sys
from pose_transfer.detectors import open_detectors
with open_detectors():
    pass
assert "matplotlib" not in sys.modules, "nobody draws plots"
import mediapipe
import matplotlib.pyplot
assert mediapipe.solutions.drawing_utils.plt.figure is matplotlib.pyplot.figure
"""


def test_plots_are_imported_only_when_they_are_drawn():
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
