"""Trousers, skirts and shoes, on whoever wears them."""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

pytest.importorskip("anny", reason="bodies are made with the packages of the extra “bake”")

from backend.conductors.figure import Build, build_figure
from backend.conductors.parts import Figure, Piece
from backend.conductors.rigging import rig
from backend.conductors.tailor import dress
from backend.conductors.tailor.form import Form
from backend.conductors.tailor.legs import LegCut, Trousers, build_trousers
from backend.conductors.tailor.shoes import build_shoe
from retarget.rotation import Array

_BUILDS = {
    "stout": {"gender": 0.0, "age": 0.8, "weight": 0.9, "muscle": 0.4, "height": 0.5},
    "slight": {"gender": 1.0, "age": 0.9, "weight": 0.3, "height": 0.2, "cupsize": 0.6},
}
_MOST_TRIANGLES = 5000


@cache
def _form(build: str) -> Form:
    return Form(rig(build_figure(build, Build(_BUILDS[build]))))


@cache
def _trousers(build: str) -> Trousers:
    form = _form(build)
    return build_trousers(form, LegCut(form.waist))


@pytest.mark.parametrize("build", _BUILDS)
def test_legs_stand_close_and_are_two(build: str) -> None:
    form, (left, right) = _form(build), _trousers(build).legs
    # Rows from a hand's breadth below the fork on.
    below = left[:, :, 2].mean(axis=1) < form.crotch[2] - 0.10 * form.scale
    gap = left[below, :, 0].min(axis=1) - right[below, :, 0].max(axis=1)
    assert gap.min() > 0.004
    assert gap.max() < 0.11 * form.scale
    # An upside-down V, not an arch: wider and wider down to the knee.
    knee = left[below, :, 2].mean(axis=1) > form.head("shin.L")[2]
    assert (np.diff(gap[knee]) > -0.002).all()


@pytest.mark.parametrize("build", _BUILDS)
def test_the_seam_between_the_legs_lies_just_below_the_body(build: str) -> None:
    form, trousers = _form(build), _trousers(build)
    sheet = trousers.outside.vertices
    middle = sheet[np.abs(sheet[:, 0]) < 0.002]
    lowest = middle[:, 2].min()
    assert 0.0 < form.crotch[2] - lowest < 0.06 * form.scale


@pytest.mark.parametrize("build", _BUILDS)
def test_creases_run_down_the_middle_of_a_leg(build: str) -> None:
    form = _form(build)
    for leg, side in zip(_trousers(build).legs, "LR", strict=True):
        knee = leg[np.argmin(np.abs(leg[:, :, 2].mean(axis=1) - form.head(f"shin.{side}")[2]))]
        front = int(knee[:, 1].argmin())
        assert abs(knee[front, 0] - 0.5 * (knee[:, 0].min() + knee[:, 0].max())) < 0.02
        # The cloth turns there, not beside it.
        a, b = (knee[(front + step) % len(knee)] - knee[front] for step in (-1, 1))
        bend = np.degrees(np.arccos(-(a @ b) / (np.linalg.norm(a) * np.linalg.norm(b))))
        assert bend > 40.0


def test_evening_trousers_have_a_stripe_down_the_outer_seams() -> None:
    form = _form("stout")
    sheet = build_trousers(form, LegCut(form.waist, stripe=True)).sheet
    stripe = sheet.vertices[sheet.faces[sheet.material == 1]]
    outer = np.abs(stripe[..., 0])
    for low, high in pairwise(np.linspace(0.1, 0.9, 9) * form.waist):
        there = (stripe[..., 2] > low) & (stripe[..., 2] < high)
        widest = np.abs(sheet.vertices[(sheet.vertices[:, 2] > low), 0]).max()
        assert outer[there].min() > 0.7 * widest
    assert not _trousers("stout").sheet.material.any()


@pytest.mark.parametrize("build", _BUILDS)
def test_hems_lie_on_the_shoes(build: str) -> None:
    form, figure = _form(build), _form(build).figure
    for leg, side in zip(_trousers(build).legs, "LR", strict=True):
        hem = leg[-1]
        shoe = build_shoe(form, side).vertices
        assert 0.0 < hem[:, 2].min() < 0.035 * form.scale
        assert hem[:, 2].max() < shoe[:, 2].max()
        ankle = figure.heads[figure.bone(f"foot.{side}")]
        assert np.linalg.norm(hem[:, :2].mean(axis=0) - ankle[:2]) < 0.03


@pytest.mark.parametrize("build", _BUILDS)
def test_shoes_stand_on_the_floor_around_the_feet(build: str) -> None:
    form = _form(build)
    figure: Figure = form.figure
    for side in "LR":
        shoe = build_shoe(form, side)
        assert 0.0 <= shoe.vertices[:, 2].min() < 0.001
        leather = shoe.vertices[np.unique(shoe.faces[shoe.material == 0])]
        foot = figure.vertices[(form.share(f"foot.{side}") > 0.9) & (figure.part == 0)]
        assert leather[:, 1].min() < foot[:, 1].min()
        assert leather[:, 1].max() > foot[:, 1].max() - 0.003
        assert np.ptp(leather[:, 0]) > 0.85 * np.ptp(foot[:, 0])


@pytest.mark.parametrize(
    ("build", "outfit"), [("stout", "tailcoat"), ("stout", "dark_suit"), ("slight", "black_blouse")]
)
def test_legs_and_shoes_are_few_triangles(build: str, outfit: str) -> None:
    pieces = dress(_form(build).figure, outfit).pieces
    low = [piece for piece in pieces if piece.name == "Trousers" or piece.name.startswith("Shoe")]
    assert len(low) == 3
    assert sum(np.where(p.faces[:, 3] < 0, 1, 2).sum() for p in low) < _MOST_TRIANGLES


@cache
def _gown() -> Piece:
    return next(p for p in dress(_form("slight").figure, "black_dress").pieces if p.name == "Dress")


def _around(height: float) -> Array:
    """Points (P, 3) of the gown near a height, metres."""
    vertices = _gown().vertices
    return vertices[np.abs(vertices[:, 2] - height) < 0.024 * _form("slight").scale]


def test_a_skirt_falls_from_the_hips_without_being_a_cone() -> None:
    form = _form("slight")
    fork = float(form.crotch[2])
    widths = [np.ptp(_around(share * fork)[:, 0]) for share in (1.0, 0.7, 0.4, 0.1)]
    assert (np.diff(widths) > -0.005).all()
    assert widths[1] < 1.2 * widths[0]
    assert widths[3] < 1.8 * widths[0]


def test_a_skirt_falls_in_folds() -> None:
    hem = _around(0.06 * _form("slight").scale)
    middle = hem[:, :2].mean(axis=0)
    around = np.argsort(np.arctan2(*(hem[:, :2] - middle).T))
    reach = np.linalg.norm(hem[around, :2] - middle, axis=1)
    smooth = gaussian_filter1d(reach, 8.0, mode="wrap")
    assert np.ptp(gaussian_filter1d(reach, 1.0, mode="wrap") - smooth) > 0.02


def test_a_skirt_goes_with_the_leg_a_little() -> None:
    form, gown = _form("slight"), _gown()
    figure = form.figure
    low = gown.vertices[:, 2] < 0.5 * form.crotch[2]
    left = low & (gown.vertices[:, 0] > 0.14)
    legs = [figure.bone(f"{stem}.L") for stem in ("thigh", "shin")]
    share = gown.weights[:, legs].sum(axis=1)
    assert 0.3 < share[left].mean() < 0.8
    assert gown.weights[low, figure.bone("hips")].min() > 0.15


def test_a_skirt_and_its_shoes_are_few_triangles() -> None:
    form, pieces = _form("slight"), dress(_form("slight").figure, "black_dress").pieces
    count = 0
    for piece in pieces:
        corners = np.where(piece.faces < 0, piece.faces[:, :1], piece.faces)
        low = (piece.vertices[corners][..., 2] < form.waist).any(axis=1)
        count += np.where(piece.faces[low, 3] < 0, 1, 2).sum()
    assert count < _MOST_TRIANGLES
