"""A drawn person in an A-pose whose joints are known."""

import cv2
import numpy as np
from numpy.typing import NDArray

SIZE = (520, 720)
SCALE = 380.0  # pixels per metre
GREY = (120, 130, 140)


def drawn_points(spread: float = 0.35) -> dict[str, NDArray]:
    """Landmarks of a person with arms `spread` radians away from the body."""
    middle = np.array([260.0, 180.0])
    points = {
        "nose": middle + np.array([0, -85]),
        "mouth.L": middle + np.array([9, -68]),
        "mouth.R": middle + np.array([-9, -68]),
    }
    for side, sign in (("L", 1.0), ("R", -1.0)):
        along = np.array([sign * np.sin(spread), np.cos(spread)])
        shoulder = middle + np.array([sign * 0.1725 * SCALE, 0])
        points[f"eye.{side}"] = middle + np.array([sign * 12, -98])
        points[f"ear.{side}"] = middle + np.array([sign * 28, -92])
        points[f"upper_arm.{side}"] = shoulder
        points[f"forearm.{side}"] = shoulder + along * 0.285 * SCALE
        points[f"hand.{side}"] = shoulder + along * 0.54 * SCALE
        points[f"index.{side}"] = shoulder + along * 0.63 * SCALE
        points[f"little.{side}"] = shoulder + along * 0.63 * SCALE
        points[f"thigh.{side}"] = middle + np.array([sign * 0.09 * SCALE, 0.5 * SCALE])
        points[f"shin.{side}"] = middle + np.array([sign * 0.09 * SCALE, 0.92 * SCALE])
        points[f"foot.{side}"] = middle + np.array([sign * 0.09 * SCALE, 1.3 * SCALE])
    return points


def draw_person(points: dict[str, NDArray]) -> tuple[NDArray, NDArray]:
    """RGB on a grey wall with courses, and the matte; soft edges, patterned cloth."""
    finer = 4
    mask = np.zeros((SIZE[1] * finer, SIZE[0] * finer), np.uint8)
    colour = np.zeros((*mask.shape, 3), np.uint8)

    def stroke(names: list[str], thick: float, rgb: tuple[int, int, int]) -> None:
        path = [(np.array([points[n] for n in names]) * finer).astype(np.int32)]
        for image, value in ((mask, (255,)), (colour, rgb)):
            cv2.polylines(image, path, False, value, int(thick * finer), cv2.LINE_AA)

    suit, skin = (40, 44, 70), (214, 160, 130)
    for side in "LR":
        stroke([f"thigh.{side}", f"shin.{side}", f"foot.{side}"], 46, (30, 30, 34))
    trunk = np.array(
        [points[f"upper_arm.{s}"] for s in "LR"] + [points[f"thigh.{s}"] for s in "RL"]
    )
    trunk = trunk + np.array([[0, -12], [0, -12], [-14, 8], [14, 8]])
    for image, value in ((mask, (255,)), (colour, (60, 66, 100))):
        cv2.fillPoly(image, [(trunk * finer).astype(np.int32)], value, cv2.LINE_AA)
    for side in "LR":
        stroke([f"hand.{side}", f"index.{side}"], 22, skin)
        stroke([f"upper_arm.{side}", f"forearm.{side}", f"hand.{side}"], 34, suit)
    centre = tuple((points["nose"] * finer).astype(int))
    for image, value in ((mask, (255,)), (colour, skin)):
        cv2.ellipse(image, centre, (30 * finer, 40 * finer), 0, 0, 360, value, -1, cv2.LINE_AA)
        neck = [tuple(int(v) for v in (points["nose"] + [0, dy]) * finer) for dy in (20, 80)]
        cv2.line(image, neck[0], neck[1], value, 26 * finer, cv2.LINE_AA)
    for side in "LR":
        eye = tuple((points[f"eye.{side}"] * finer).astype(int))
        cv2.circle(colour, eye, 4 * finer, (30, 20, 20), -1, cv2.LINE_AA)
    matte = cv2.resize(mask, SIZE, interpolation=cv2.INTER_AREA).astype(np.float32) / 255.0
    inside = cv2.resize(colour, SIZE, interpolation=cv2.INTER_AREA).astype(np.float32)
    inside = inside / np.maximum(matte, 1e-3)[..., None]
    rows, columns = np.mgrid[: SIZE[1], : SIZE[0]]
    weave = 10.0 * np.sin(columns / 3.0) * np.sin(rows / 4.0)
    wall = np.full((SIZE[1], SIZE[0], 3), GREY, np.float32) + (rows % 48 < 3)[..., None] * 30.0
    rgb = wall * (1.0 - matte[..., None]) + (inside + weave[..., None]) * matte[..., None]
    return np.clip(rgb, 0, 255).astype(np.uint8), matte
