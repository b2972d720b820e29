#!/usr/bin/env bash
# FFmpeg stamps the Ogg Vorbis frame of a block switch late, though no sample is missing.
#
# Versions: av 18.1.0 (FFmpeg's libraries inside), soundfile 0.14.0, numpy 1.26.4, from PyPI.
# Input: a whole, valid file that soundfile (libvorbis) writes: silence with a click every 0.6 s,
# so that the encoder changes between long and short blocks. Its frames ought to follow each
# other: each `pts` where the frame before ended.
#
# Seen: at every change from short to long blocks one frame's `pts` is 448 samples (10.16 ms at
# 44.1 kHz) later than the end of the frame before, and the next frame's is right again; the
# samples themselves are whole and contiguous. Who believes the stamp and puts silence into the
# "gap" is late by 448 samples for ever after.
#
# Run: `bash findings/vorbis_timestamps.sh` (Python 3.11; installs the packages into a temporary
# folder; PYTHON names the interpreter, else python3). Ends with 0 if this is still so, with 1
# if the behaviour has changed.
set -euo pipefail
python=${PYTHON:-python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$python" -m pip install --quiet --target "$folder" av==18.1.0 soundfile==0.14.0 numpy==1.26.4

if "$python" -I - "$folder" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
import av, numpy, soundfile

rate = 44_100
sound = numpy.zeros(8 * rate, numpy.float32)
click = 0.8 * numpy.sin(2 * numpy.pi * 1000 * numpy.arange(rate // 50) / rate)
starts = [round((1.0 + 0.6 * k) * rate) for k in range(11)]
for start in starts:
    sound[start : start + len(click)] = click
path = sys.argv[1] + "/clicks.ogg"
soundfile.write(path, sound, rate)

end, jumps, frames = 0, [], []
with av.open(path) as container:
    for frame in container.decode(audio=0):
        jumps.append(frame.pts - end)
        end += frame.samples
        frames.append(frame.to_ndarray()[0])
heard = numpy.concatenate(frames)
late = [i for i, jump in enumerate(jumps) if jump]
print("jumps of pts, samples:", sorted({jumps[i] for i in late}), "in", len(late), "frames")
print("frames after them that are right again:", sum(jumps[i + 1] == 0 for i in late[:-1]))
print("samples written and read:", len(sound), len(heard))
error = float(abs(heard - sound).max())
print("largest difference of a sample:", round(error, 3))
same = {jumps[i] for i in late} == {448} and all(jumps[i + 1] == 0 for i in late[:-1])
sys.exit(0 if same and late and len(heard) == len(sound) and error < 0.2 else 1)
END
then
    echo "still so"
else
    echo "changed"
    exit 1
fi
