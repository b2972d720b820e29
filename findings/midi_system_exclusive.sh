#!/usr/bin/env bash
# symusic puts all notes later after a divided system-exclusive message, and says nothing.
#
# Versions: symusic 0.6.0, numpy 1.26.4 (0.5.8 is the same); mido 1.3.3 as a second reader; all
# from PyPI, Python 3.11.
# Input: whole, valid Standard MIDI files of two notes, which follow each other at 480 ticks a
# quarter note, with something that is not music between them: the divided message that the
# standard itself gives as its example (F0 in one packet, F7 in two more, 200 and 100 ticks
# apart, so the second note is at 480 + 200 + 100 = 780), or an F7 event that sends a song select
# or some tune requests, without time of its own (the second note is at 480).
#
# Seen: the second note at 1045 ticks rather than 780, at 482 rather than 480, and at 498825312
# rather than 480, which is six days at 120; no exception and no warning. The bytes of an F7
# event seem to be read as time and events. mido has the divided message right (and refuses the
# other two). A message in one piece is read right.
#
# Run: `bash findings/midi_system_exclusive.sh` (installs the packages into a temporary folder;
# PYTHON names the interpreter, else python3).
# Ends with 0 if this is still so, with 1 if the behaviour has changed.
set -euo pipefail
python=${PYTHON:-python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$python" -m pip install --quiet --target "$folder" symusic==0.6.0 numpy==1.26.4 mido==1.3.3

if "$python" -I - "$folder" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
import mido, symusic

NOTE = bytes.fromhex("00 90 3c 40 83 60 80 3c 00")
END = bytes.fromhex("00 ff 2f 00")
BETWEEN = {
    "nothing": ("", 480, 480),
    "message in one piece": ("00 f0 05 43 12 00 01 f7", 480, 480),
    "divided message": (
        "00 f0 03 43 12 00  81 48 f7 06 43 12 00 43 12 00  64 f7 04 43 12 00 f7", 780, 1045
    ),
    "song select": ("00 f7 02 f3 01", 480, 482),
    "song select and tune requests": ("00 f7 0a f3 01 f6 f6 f6 f6 f6 f6 f6 f6", 480, 498825312),
}

def by_mido(path):
    tick, starts = 0, []
    try:
        for message in mido.MidiFile(path).tracks[0]:
            tick += message.time
            if message.type == "note_on":
                starts.append(tick)
    except ValueError as error:
        return f"refused ({error})"
    return starts[1]

same = True
for name, (event, right, seen) in BETWEEN.items():
    track = NOTE + bytes.fromhex(event) + NOTE + END
    head = b"MThd" + bytes.fromhex("00 00 00 06 00 00 00 01 01 e0")
    path = sys.argv[1] + "/two_notes.mid"
    with open(path, "wb") as file:
        file.write(head + b"MTrk" + len(track).to_bytes(4, "big") + track)
    _, second = symusic.Score(path).tracks[0].notes
    print(f"{name}: right {right}, symusic {second.time}, mido {by_mido(path)}")
    same &= second.time == seen
sys.exit(0 if same else 1)
END
then
    echo "still so"
else
    echo "changed"
    exit 1
fi
