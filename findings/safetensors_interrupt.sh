#!/usr/bin/env bash
# Ctrl-C while safetensors reads a tensor for torch comes out as a ValueError about a shape.
#
# Versions: safetensors 0.8.0, torch 2.13.0, numpy 1.26.4, from PyPI.
# Input: a whole, valid file of 300 small tensors that safetensors writes. It is read again and
# again with `safe_open(…, framework="pt")` and `get_tensor`, and a timer's signal handler raises
# an exception (as Python's own handler of Ctrl-C raises KeyboardInterrupt) at some moment of it.
#
# Seen: what the handler raises ought to come out as it is. About half of the time a ValueError
# comes out instead, "could not determine the shape of object type
# 'torch.storage.UntypedStorage'", and the exception that was raised is gone. Who takes a
# ValueError for a damaged file calls a good one damaged, and the program that was asked to stop
# does not. `safetensors.torch.load` of the file's bytes lets the exception through.
#
# Run: `bash findings/safetensors_interrupt.sh` (Python 3.11; installs the packages into a
# temporary folder; PYTHON names the interpreter, else python3). Ends with 0 if this is still so,
# with 1 if the behaviour has changed.
set -euo pipefail
python=${PYTHON:-python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$python" -m pip install --quiet --target "$folder" safetensors==0.8.0 torch==2.13.0 numpy==1.26.4

if "$python" -I - "$folder" <<'END'
import collections
import signal
import sys
sys.path.insert(0, sys.argv[1])
import torch
from safetensors import safe_open
from safetensors.torch import load, save_file

path = sys.argv[1] + "/small.safetensors"
save_file({f"t{k}": torch.zeros(50) for k in range(300)}, path)

class Stop(BaseException):
    pass

def stop(*_):
    raise Stop

signal.signal(signal.SIGALRM, stop)

def one_by_one():
    with safe_open(path, framework="pt") as file:
        for name in file.keys():
            file.get_tensor(name)

def at_once():
    with open(path, "rb") as file:
        load(file.read())

def what_comes_out(read):
    seen = collections.Counter()
    for k in range(4000):
        try:
            signal.setitimer(signal.ITIMER_REAL, 3e-4 + (k % 200) * 1e-5)
            read()
            signal.setitimer(signal.ITIMER_REAL, 0)
            seen["nothing"] += 1
        except BaseException as error:
            seen[type(error).__name__] += 1
    return seen

for read in (one_by_one, at_once):
    read()
apart, whole = what_comes_out(one_by_one), what_comes_out(at_once)
print("safe_open and get_tensor:", dict(apart))
print("load of the bytes:", dict(whole))
sys.exit(0 if apart["ValueError"] > 100 and set(whole) <= {"Stop", "nothing"} else 1)
END
then
    echo "still so"
else
    echo "changed"
    exit 1
fi
