#!/usr/bin/env bash
# Blender plays a LAME mp3 25 ms early, and the sound of a film that begins late at once.
#
# Versions: bpy 4.5.15, av 18.1.0, numpy 1.26.4, from PyPI; Python 3.11.
# Input: two whole, valid files that PyAV writes, each with one click. In the mp3 (libmp3lame) it
# is at 1.000 s, in the film (H.264 and AAC in .mov) at 1.500 s of a sound track that begins 0.5
# s after the picture. FFmpeg's tools and players have the clicks there. Each is put into
# Blender's sequencer as a sound strip on frame 1 and mixed down to WAV.
#
# Seen: the click of the mp3 at 0.975 s, 1105 samples early (as if the delay of encoder and
# decoder, which the file declares, were taken off twice), the click of the film at 1.023 s, 477
# ms early.
#
# Run: `bash findings/blender_sound.sh` (downloads about 400 MB into a temporary folder; PYTHON
# names the interpreter, else python3). Ends with 0 if this is still so, with 1 if the behaviour
# has changed.
set -euo pipefail
python=${PYTHON:-python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$python" -m pip install --quiet --target "$folder" bpy==4.5.15 av==18.1.0 numpy==1.26.4

"$python" -I - "$folder" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
from fractions import Fraction
import av, numpy

def write(path, codec, click_at, late):
    rate = 44_100
    sound = numpy.zeros((1, 3 * rate), numpy.float32)
    at = round((click_at - late) * rate)
    sound[0, at : at + 400] = 0.9 * numpy.sign(numpy.sin(numpy.arange(400) / 5))
    with av.open(path, "w") as container:
        video = container.add_stream("libx264", rate=25) if late else None
        voice = container.add_stream(codec, rate=rate, layout="mono")
        if video:
            video.width = video.height = 64
            video.pix_fmt = "yuv420p"
            for number in range(75):
                image = av.VideoFrame.from_ndarray(numpy.zeros((64, 64, 3), numpy.uint8), "rgb24")
                image.pts, image.time_base = number, Fraction(1, 25)
                container.mux(video.encode(image))
            container.mux(video.encode(None))
        frame = av.AudioFrame.from_ndarray(sound, format="fltp", layout="mono")
        frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
        frame.pts = round(late * rate)
        container.mux(voice.encode(frame))
        container.mux(voice.encode(None))

write(sys.argv[1] + "/click.mp3", "libmp3lame", 1.0, 0.0)
write(sys.argv[1] + "/click.mov", "aac", 1.5, 0.5)
END

if "$python" -I - "$folder" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
import wave
import bpy, numpy

same = True
for name, right, seen in (("click.mp3", 1.0, -0.0251), ("click.mov", 1.5, -0.4768)):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.fps, scene.frame_start, scene.frame_end = 25, 1, 75
    strips = scene.sequence_editor_create().strips
    strips.new_sound(name="s", filepath=sys.argv[1] + "/" + name, channel=1, frame_start=1)
    mixed = sys.argv[1] + "/mix.wav"
    bpy.ops.sound.mixdown(filepath=mixed, container="WAV", codec="PCM", format="S16")
    with wave.open(mixed) as file:
        sound = numpy.frombuffer(file.readframes(file.getnframes()), numpy.int16)
        sound = abs(sound.reshape(-1, file.getnchannels())[:, 0].astype(int))
        heard = int(numpy.argmax(sound > sound.max() / 2)) / file.getframerate()
    print(f"{name}: right {right:.3f} s, heard {heard:.3f} s, {1000 * (heard - right):+.1f} ms")
    same &= abs(heard - right - seen) < 0.002
sys.exit(0 if same else 1)
END
then
    echo "still so"
else
    echo "changed"
    exit 1
fi
