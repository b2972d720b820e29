#!/usr/bin/env bash
# Let every rig of the matrix perform in Blender's module 4.5, 5.0, 5.2 and 5.3; print the table.
# Usage: scripts/rigs.sh [4.5|5.0|5.2|5.3 ...]      without versions, all of them.
# The results go to out/rigs/; with UPDATE=1 the table in docs/RIGS.md is written anew from them.
# 4.5 and 5.0 are the environments that "make test" sets up. 5.2 and 5.3 need Python 3.13: they get
# environments of their own (.venv-bpy52, .venv-bpy53), with bpy and NumPy and nothing else.
# PYTHON313 is the Python 3.13 to take. Safe to run again: what is there already is left alone.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
die() { printf 'Error: %s\n' "$*" >&2; exit 2; }

is_313() { "$1" -c 'import sys; raise SystemExit(sys.version_info[:2] != (3, 13))' 2>/dev/null; }

python_313() {
    local candidate
    for candidate in "${PYTHON313:-}" python3.13 python3 \
        "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.13*/bin/python3.13
    do
        if [ -n "$candidate" ] && is_313 "$candidate"; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    if command -v uv >/dev/null 2>&1; then
        uv python install -q 3.13 || true
        uv python find 3.13 2>/dev/null && return
    fi
    die "Python 3.13 was not found, and Blender's module 5.2 works with no other. Install uv" \
        "(https://docs.astral.sh/uv) and run this again, or set PYTHON313 to a Python 3.13."
}

environment() { # folder, version of bpy
    if ! is_313 "$1/bin/python"; then
        local python
        python=$(python_313)
        say "Creating $1"
        rm -rf "$1"
        "$python" -m venv "$1"
    fi
    if [ "$(cat "$1/.installed-bpy" 2>/dev/null)" != "$2" ]; then
        say "Installing bpy $2 (about 350 MB, the first time)"
        "$1/bin/python" -m pip install -q --disable-pip-version-check "bpy==$2"
        printf '%s\n' "$2" > "$1/.installed-bpy"
    fi
}

[ $# -gt 0 ] || set -- 4.5 5.0 5.2 5.3
mkdir -p out/rigs
for version in "$@"; do
    case $version in
        4.5) folder=.venv ;;
        5.0) folder=.venv-bpy5 ;;
        5.2) folder=.venv-bpy52; environment "$folder" 5.2.3 ;;
        5.3) folder=.venv-bpy53; environment "$folder" 5.3.0 ;;
        *) die "There is no environment for Blender $version; choose of 4.5, 5.0, 5.2 and 5.3." ;;
    esac
    [ -x "$folder/bin/python" ] || die "$folder is not there; run 'make test' or scripts/setup.sh test."
    say "Blender $version: some two minutes"
    "$folder/bin/python" tests/blender/rig_matrix.py "out/rigs/$version.json" >"out/rigs/$version.log" 2>&1 ||
        die "Blender $version failed; out/rigs/$version.log says why."
done
if [ "${UPDATE:-}" = 1 ]; then
    python3 tests/blender/rig_matrix_table.py --write docs/RIGS.md out/rigs/*.json
else
    python3 tests/blender/rig_matrix_table.py out/rigs/*.json
fi
