"""The extension zip: what is in it, and that Blender's own tool takes it."""

import ast
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import build_addon
from backend import style
from blender_addon.styles import presets, sliders
from retarget.conductor_asset import CONDUCTORS
from retarget.errors import ConductorError


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_addon.build(tmp_path_factory.mktemp("dist"))


def test_same_sources_give_the_same_bytes(package: Path, tmp_path: Path) -> None:
    assert build_addon.build(tmp_path).read_bytes() == package.read_bytes()


def test_blenders_tool_accepts_the_zip(package: Path) -> None:
    build_addon.validate(package)


def test_blenders_tool_refuses_a_broken_zip(package: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.zip"
    with zipfile.ZipFile(package) as source, zipfile.ZipFile(broken, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "blender_manifest.toml":
                content = content.replace(b'type = "add-on"', b'type = "sandwich"')
            target.writestr(name, content)
    with pytest.raises(ConductorError, match="Blender does not accept"):
        build_addon.validate(broken)


def test_manifest_carries_the_projects_version_and_plain_permissions(package: Path) -> None:
    with zipfile.ZipFile(package) as archive:
        manifest = tomllib.loads(archive.read("blender_manifest.toml").decode())
    assert manifest["id"] == "virtual_conductor"
    assert manifest["version"] == build_addon.version()
    assert package.name == f"virtual_conductor-{build_addon.version()}.zip"
    assert manifest["blender_version_min"] == "4.5.0"
    assert manifest["license"] == ["SPDX:GPL-3.0-or-later"]
    assert set(manifest["permissions"]) == {"files", "network"}
    for reason in manifest["permissions"].values():
        assert len(reason) <= 64
        assert not reason.endswith(".")


def test_staged_modules_import_nothing_blender_lacks(package: Path) -> None:
    allowed = build_addon.BLENDER_MODULES | sys.stdlib_module_names
    with zipfile.ZipFile(package) as archive:
        names = archive.namelist()
        for name in (n for n in names if n.endswith(".py")):
            for node in ast.walk(ast.parse(archive.read(name))):
                if isinstance(node, ast.Import):
                    assert {a.name.split(".")[0] for a in node.names} <= allowed, name
                elif isinstance(node, ast.ImportFrom) and node.level == 0:
                    assert str(node.module).split(".")[0] in allowed, name
    assert {"__init__.py", "panel.py", "stage/conductor.py", "retarget/motion.py"} <= set(names)
    assert {"styles.toml", "sliders.toml", "LICENSE"} <= set(names)
    left_out = (".", "backend/", "garments/", "people/")
    assert not [n for n in names if "__pycache__" in n or n.startswith(left_out)]


def test_the_built_in_conductors_and_their_pictures_are_in_the_zip(package: Path) -> None:
    with zipfile.ZipFile(package) as archive:
        inside = {info.filename: info.file_size for info in archive.infolist()}
    own = {name: size for name, size in inside.items() if name.startswith("conductors/")}
    wanted = {f"conductors/{name}.{end}" for name in CONDUCTORS for end in ("npz", "png")}
    assert set(own) == wanted | {"conductors/README.md"}
    assert sum(own.values()) < 12_000_000


@pytest.mark.parametrize(
    ("name", "source", "expected"),
    [
        ("panel.py", "from retarget.motion import Motion", "from .retarget.motion import Motion"),
        ("stage/a.py", "from retarget import skeleton", "from ..retarget import skeleton"),
        ("stage/a.py", "if 1:\n    import retarget", "if 1:\n    from .. import retarget"),
        ("a.py", "import retarget.rotation as r", "from .retarget import rotation as r"),
        ("a.py", "x = 'from retarget import y'", "x = 'from retarget import y'"),
        ("retarget/a.py", "from .atomic import b", "from .atomic import b"),
    ],
)
def test_imports_of_retarget_become_relative(name: str, source: str, expected: str) -> None:
    assert build_addon.relative_imports(source, name) == expected


def test_an_import_without_relative_form_is_refused() -> None:
    with pytest.raises(ConductorError, match=r"panel\.py line 1"):
        build_addon.relative_imports("import retarget.motion", "panel.py")


@pytest.mark.parametrize(
    "source", ["import torch", "from scipy import signal", "def f():\n    import backend.style"]
)
def test_what_blender_does_not_have_is_refused(source: str) -> None:
    with pytest.raises(ConductorError, match="which Blender does not have"):
        build_addon.check_imports(source, "panel.py")


def test_an_import_out_of_the_extension_is_refused() -> None:
    with pytest.raises(ConductorError, match="outside the extension"):
        build_addon.check_imports("from ...x import y", "stage/a.py")


def test_panel_and_backend_agree_on_the_styles() -> None:
    assert {s.name: s.default for s in sliders()} == style.Style().as_dict()
    assert [s.name for s in sliders()] == list(style.Style().as_dict())
    assert {s.name: s.maximum for s in sliders()} == {
        name: style.MAX_LEAD if name == "lead" else 1.0 for name in style.Style().as_dict()
    }
    assert presets() == {name: made.as_dict() for name, made in style.presets().items()}
