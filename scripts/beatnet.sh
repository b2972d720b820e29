#!/bin/sh
# Beats by BeatNet 1.1.3 (Heydari, Cwitkowitz & Duan, ISMIR 2021) for `evaluate beats --table beatnet`.
#
#   scripts/beatnet.sh ENVIRONMENT CORPUS/SPLIT
#
# makes a Python 3.11 environment of its own, if it is not there, and writes beats_beatnet.txt into
# each clip's folder that keeps its sound (`corpus render --keep-audio`). madmom 0.16.1, on which
# BeatNet stands, is built from its Cython sources for this Python; of pyaudio and matplotlib, which
# BeatNet imports but does not need offline, empty modules stand in.
set -eu
environment=$1
clips=$2
site=$environment/lib/python3.11/site-packages
if [ ! -d "$site/BeatNet" ]; then
    python3.11 -m venv "$environment"
    pip() { "$environment/bin/pip" install -q --no-build-isolation "$@"; }
    pip 'cython<3' 'numpy<1.24' 'setuptools<66' wheel scipy mido torch 'librosa<0.11' 'numba'
    "$environment/bin/pip" download -q --no-deps --no-build-isolation --no-binary :all: \
        madmom==0.16.1 -d "$environment/madmom"
    tar -xf "$environment"/madmom/*.tar.gz -C "$environment/madmom"
    find "$environment/madmom" -name '*.c' -delete
    pip --no-deps "$environment/madmom/madmom-0.16.1" BeatNet==1.1.3
    sed -i 's/^from collections import MutableSequence/from collections.abc import MutableSequence/' \
        "$site/madmom/processors.py"
    mkdir -p "$site/matplotlib"
    touch "$site/pyaudio.py" "$site/matplotlib/__init__.py" "$site/matplotlib/pyplot.py"
fi
"$environment/bin/python" - "$clips" <<'PYTHON'
import sys
from pathlib import Path

from BeatNet.BeatNet import BeatNet

tracker = BeatNet(1, mode="offline", inference_model="DBN", plot=[], thread=False)
for sound in sorted(Path(sys.argv[1]).glob("*/audio.flac")):
    lines = [f"{time:.3f} {int(number)}" for time, number in tracker.process(str(sound))]
    (sound.parent / "beats_beatnet.txt").write_text("\n".join(lines) + "\n")
    print(sound.parent)
PYTHON
