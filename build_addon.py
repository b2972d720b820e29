"""Stage the extension and pack it into an installable zip.

`python build_addon.py` writes `dist/virtual_conductor-<version>.zip`: `blender_addon` with
`retarget` inside it, imports made relative as Blender asks of extensions, and checks the result
with Blender's own tool. The same sources give the same bytes.
"""

import argparse
import ast
import importlib.util
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from retarget.atomic import atomic_path
from retarget.errors import ConductorError

ROOT: Final = Path(__file__).resolve().parent
ADDON: Final = "blender_addon"
LIBRARY: Final = "retarget"

# What Blender itself brings, besides the standard library.
BLENDER_MODULES: Final = frozenset(
    {"addon_utils", "aud", "bl_math", "blf", "bmesh", "bpy", "bpy_extras", "gpu", "gpu_extras"}
    | {"mathutils", "numpy", "rigify"}
)
# Beside what Python leaves behind: the making of concert dress, whose result the likeness has, and
# the made-up people that the likeness is measured on.
_SKIPPED: Final = frozenset({"__pycache__", "py.typed", "garments", "people"})
# The earliest date a zip can hold: dates must not depend on the day of the build.
_DATE: Final = (1980, 1, 1, 0, 0, 0)


def stage(root: Path = ROOT) -> dict[str, bytes]:
    """The files of the extension: path inside the zip to content.

    Raises
    ------
    ConductorError
        If a module imports what the extension cannot have, or in a way that cannot be rewritten.
    """
    staged: dict[str, bytes] = {}
    for folder, prefix in ((ADDON, ""), (LIBRARY, f"{LIBRARY}/")):
        for path in _files(root / folder):
            name = prefix + path.relative_to(root / folder).as_posix()
            content = path.read_bytes()
            if path.suffix == ".py":
                text = relative_imports(content.decode("utf-8"), name)
                check_imports(text, name)
                content = text.encode("utf-8")
            staged[name] = content
    manifest = staged["blender_manifest.toml"].decode("utf-8")
    stamped = re.sub(
        r'^version = ".*"$', f'version = "{version(root)}"', manifest, count=1, flags=re.MULTILINE
    )
    staged["blender_manifest.toml"] = stamped.encode("utf-8")
    license_file = root / "LICENSE"
    if license_file.is_file():
        staged["LICENSE"] = license_file.read_bytes()
    return dict(sorted(staged.items()))


def version(root: Path = ROOT) -> str:
    """The version in pyproject.toml."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])


def relative_imports(source: str, name: str) -> str:
    """Rewrite absolute imports of `retarget` for a module at `name` inside the zip.

    Raises
    ------
    ConductorError
        For `import retarget.x` without `as`, which has no relative form.
    """
    dots = "." * (name.count("/") + 1)
    lines = source.splitlines(keepends=True)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and _is_library(node.module):
            old, new = f"from {node.module} ", f"from {dots}{node.module} "
        elif isinstance(node, ast.Import) and any(_is_library(a.name) for a in node.names):
            alias = node.names[0]
            package, _, module = alias.name.rpartition(".")
            if len(node.names) > 1 or (package and alias.asname is None):
                raise ConductorError(
                    f"{name} line {node.lineno} imports {alias.name} in a way that has no relative "
                    "form; write 'from retarget import ...'."
                )
            old = f"import {alias.name}"
            new = f"from {dots}{package} import {module}"
        else:
            continue
        # ast counts columns in bytes, but what stands before an import is blank or a colon.
        line, column = lines[node.lineno - 1], node.col_offset
        if not line[column:].startswith(old):
            raise ConductorError(f"{name} line {node.lineno}: write the import on one line.")
        lines[node.lineno - 1] = line[:column] + new + line[column + len(old) :]
    return "".join(lines)


def check_imports(source: str, name: str) -> None:
    """Refuse a staged module that imports what is not there inside Blender.

    Raises
    ------
    ConductorError
        Naming the module and the line.
    """
    allowed = BLENDER_MODULES | sys.stdlib_module_names
    depth = name.count("/") + 1
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            modules = [node.module or ""]
        else:
            if isinstance(node, ast.ImportFrom) and node.level > depth:
                raise ConductorError(
                    f"{name} line {node.lineno} imports from outside the extension; move that code."
                )
            continue
        for module in modules:
            if module.split(".")[0] not in allowed:
                raise ConductorError(
                    f"{name} line {node.lineno} imports {module}, which Blender does not have; "
                    "do that work in the backend."
                )


def build(out_dir: Path, root: Path = ROOT) -> Path:
    """Write the zip into `out_dir` and return its path."""
    out_dir.mkdir(parents=True, exist_ok=True)
    out = out_dir / f"virtual_conductor-{version(root)}.zip"
    with (
        atomic_path(out) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive,
    ):
        for name, content in stage(root).items():
            info = zipfile.ZipInfo(name, _DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3
            info.external_attr = 0o644 << 16
            archive.writestr(info, content)
    return out


def validate(package: Path) -> None:
    """Check the zip with Blender's own extension tool.

    Raises
    ------
    ConductorError
        With what the tool objects to.
    """
    done = subprocess.run(
        [sys.executable, str(blender_tool()), "validate", str(package)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = " ".join((done.stdout + done.stderr).split())
        raise ConductorError(f"Blender does not accept {package.name}: {said}")


def blender_tool() -> Path:
    """Blender's `blender_ext.py`, found in the bpy package without importing it."""
    spec = importlib.util.find_spec("bpy")
    if spec is not None and spec.origin is not None:
        found = sorted(
            Path(spec.origin).parent.glob("*/scripts/addons_core/bl_pkg/cli/blender_ext.py")
        )
        if found:
            return found[-1]
    raise ConductorError(
        "Blender's extension tool is not there; install bpy into this Python to check the zip."
    )


def main() -> int:
    """Build and validate; print where the zip is."""
    parser = argparse.ArgumentParser(description="Build the Blender extension.")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="folder of the zip")
    arguments = parser.parse_args()
    try:
        package = build(arguments.out)
        validate(package)
    except ConductorError as error:
        print(error, file=sys.stderr)
        return 2
    print(package)
    return 0


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        hidden = any(
            part.startswith(".") or part in _SKIPPED for part in path.relative_to(folder).parts
        )
        if hidden or path.is_dir():
            continue
        if not path.is_file():
            raise ConductorError(f"{path} leads nowhere; check it out again as a symbolic link.")
        yield path


def _is_library(module: str | None) -> bool:
    return module is not None and module.split(".")[0] == LIBRARY


if __name__ == "__main__":
    sys.exit(main())
