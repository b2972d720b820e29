#!/usr/bin/env bash
# Set up the project beside this script: Debian packages, virtual environment, Python packages.
# Usage: scripts/setup.sh [test]      "test" adds what lint, types and tests need.
# PYTHON is the Python 3.11 to take; TORCH_INDEX is a package index with another build of torch.
# Safe to run again: what is there already is left alone.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
extras=${1:-}

say() { printf '\033[1m%s\033[0m\n' "$*"; }
die() { printf 'Error: %s\n' "$*" >&2; exit 2; }

# What the wheels of bpy and OpenCV link against, and the software renderer behind Workbench.
packages=(libx11-6 libxrender1 libxfixes3 libxi6 libxxf86vm1 libxkbcommon0 libsm6 libice6
          libgl1 libegl1 libgl1-mesa-dri libglib2.0-0)
# The corpus is played by FluidSynth; nothing else needs it.
[ "$extras" != test ] || packages+=(fluidsynth fluid-soundfont-gm)

python=${PYTHON:-}
if [ -z "$python" ]; then
    for candidate in python3.11 python3 python; do
        if command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys; raise SystemExit(sys.version_info[:2] != (3, 11))' 2>/dev/null
        then
            python=$candidate
            break
        fi
    done
fi
# uv finds a Python 3.11 of its own, or downloads one.
if [ -z "$python" ] && command -v uv >/dev/null 2>&1; then
    say "Python 3.11 was not found here; uv gets it"
    uv python install 3.11 || true
    python=$(uv python find 3.11 2>/dev/null || true)
fi
if [ -z "$python" ]; then
    die "Python 3.11 was not found, and Blender's module works with no other. Install uv" \
        "(https://docs.astral.sh/uv) and run this again: it gets one without touching the system's." \
        "Or install it (Debian 12: apt install python3.11 python3.11-venv; macOS: brew install" \
        "python@3.11; pyenv install 3.11) and set PYTHON to its path."
fi
"$python" -c 'import sys; raise SystemExit(sys.version_info[:2] != (3, 11))' 2>/dev/null ||
    die "PYTHON is $python, which is no Python 3.11; set it to one."
"$python" -c 'import ensurepip' 2>/dev/null || packages+=(python3.11-venv)

if command -v dpkg-query >/dev/null 2>&1; then
    missing=()
    for package in "${packages[@]}"; do
        # Newer releases carry some libraries under a name that ends in t64.
        state=$(dpkg-query -W -f '${db:Status-Status} ' "$package" "${package}t64" 2>/dev/null || true)
        [[ "$state" == *installed* && "$state" != not-installed* ]] || missing+=("$package")
    done
    if [ ${#missing[@]} -gt 0 ]; then
        if [ "$(id -u)" = 0 ]; then
            as_root=()
        elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
            as_root=(sudo -n)
        else
            die "Debian packages are missing; run: apt-get install ${missing[*]}"
        fi
        say "Installing Debian packages: ${missing[*]}"
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
    fi
fi

if ! .venv/bin/python -c 'import sys; raise SystemExit(sys.version_info[:2] != (3, 11))' 2>/dev/null
then
    say "Creating the virtual environment"
    rm -rf .venv
    "$python" -m venv .venv
fi

# What the base set downloads depends on the torch that pip finds: the CPU build, or the usual one
# for Linux on x86-64 with its CUDA libraries.
size="about 1 GB with the CPU build of torch, 3.5 GB with the usual one"

# Torch alone comes from another index, before the rest, which then takes it as it is.
install_torch() { # environment
    local wanted
    wanted=$(printf '%s\n' "$TORCH_INDEX"; grep '^torch==' constraints.txt)
    if [ "$(cat "$1/.installed-torch" 2>/dev/null)" != "$wanted" ]; then
        say "Installing torch from $TORCH_INDEX"
        "$1/bin/python" -m pip install -q --disable-pip-version-check --force-reinstall --no-deps \
            --index-url "$TORCH_INDEX" "$(grep '^torch==' constraints.txt)"
        printf '%s\n' "$wanted" > "$1/.installed-torch"
    fi
}
[ -z "${TORCH_INDEX:-}" ] || install_torch .venv

# One stamp for each set of packages: its content is what was asked for.
install() { # stamp name, environment, what it downloads, pip arguments
    local stamp="$2/.installed-$1" wanted
    wanted=$(printf '%s\n' "${@:4}"; cat pyproject.toml constraints.txt)
    if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
        say "Installing Python packages ($1): $3"
        "$2/bin/python" -m pip install -q --disable-pip-version-check "${@:4}"
        printf '%s\n' "$wanted" > "$stamp"
    fi
}

# An environment that was once set up for the tests stays so.
if [ "$extras" = test ] || [ -f .venv/.installed-test ]; then
    install test .venv "$size, the first time" -c constraints.txt -e '.[test]'
    # The extension is tested in the next Blender too; its module needs an environment of its own.
    [ -x .venv-bpy5/bin/python ] || "$python" -m venv .venv-bpy5
    install blender5 .venv-bpy5 "about 350 MB, the first time" 'bpy==5.0.1' 'numpy==1.26.4'
else
    install base .venv "$size, the first time" -c constraints.txt -e .
fi
