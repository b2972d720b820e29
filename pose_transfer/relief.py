"""A solid from one picture: a grid cut along a smooth outline, and depths that swell inside it."""

from dataclasses import dataclass

import cv2
import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.sparse.linalg import splu

from retarget.rotation import Array


@dataclass(frozen=True)
class CutGrid:
    """A triangulated pixel grid, cut along the zero line of a signed distance.

    Parameters
    ----------
    points : (N, 2) array
        Pixel positions: first all nodes of the grid, row by row, then those of the cut.
    inside : (F, 3) int array
        Triangles within the line, counter-clockwise as seen by a viewer of the picture.
    outside : (G, 3) int array
        Triangles beyond it; both meet in the points of the cut.
    nodes : (int, int)
        Rows and columns of the grid.
    """

    points: Array
    inside: NDArray[np.int64]
    outside: NDArray[np.int64]
    nodes: tuple[int, int]

    @property
    def rim(self) -> slice:
        """Where in `points` those of the cut stand."""
        return slice(self.nodes[0] * self.nodes[1], len(self.points))


def cut_grid(distance: Array, origin: Array, spacing: float) -> CutGrid:
    """Triangulate a grid and cut every triangle the line passes (marching triangles).

    Parameters
    ----------
    distance : (R, C) array
        Signed distance to the line at the nodes, positive inside.
    origin : (2,) array
        Pixel position of the first node.
    spacing : float
        Pixels from node to node.
    """
    rows, columns = distance.shape
    # A node right on the line would make triangles without area.
    value = np.where(np.abs(distance) < 0.02 * spacing, 0.02 * spacing, distance).ravel()
    index = np.arange(rows * columns).reshape(rows, columns)
    a, b = index[:-1, :-1].ravel(), index[:-1, 1:].ravel()
    c, d = index[1:, :-1].ravel(), index[1:, 1:].ravel()
    triangles = np.concatenate([np.stack([a, c, d], 1), np.stack([a, d, b], 1)])
    count = (value[triangles] > 0.0).sum(axis=1)
    crossed = triangles[(count == 1) | (count == 2)]
    # The corner that stands alone on its side comes first.
    positive = value[crossed] > 0.0
    alone = np.where(positive.sum(axis=1) == 1, positive.argmax(axis=1), (~positive).argmax(axis=1))
    crossed = np.take_along_axis(crossed, (alone[:, None] + np.arange(3)) % 3, axis=1)
    pairs = np.sort(np.concatenate([crossed[:, [0, 1]], crossed[:, [0, 2]]]), axis=1)
    edges, place = np.unique(pairs, axis=0, return_inverse=True)
    first, second = np.split(place.ravel() + rows * columns, 2)
    tip = np.stack([crossed[:, 0], first, second], 1)
    rest = np.concatenate(
        [
            np.stack([first, crossed[:, 1], crossed[:, 2]], 1),
            np.stack([first, crossed[:, 2], second], 1),
        ]
    )
    tip_in = value[crossed[:, 0]] > 0.0
    twice = np.concatenate([tip_in, tip_in])
    y, x = np.mgrid[:rows, :columns]
    nodes = np.stack([x.ravel(), y.ravel()], 1) * spacing + origin
    low, high = value[edges[:, 0]], value[edges[:, 1]]
    share = (low / (low - high))[:, None]
    rim = nodes[edges[:, 0]] * (1.0 - share) + nodes[edges[:, 1]] * share
    return CutGrid(
        points=np.concatenate([nodes, rim]),
        inside=np.concatenate([triangles[count == 3], tip[tip_in], rest[~twice]]),
        outside=np.concatenate([triangles[count == 0], tip[~tip_in], rest[twice]]),
        nodes=(rows, columns),
    )


def signed_distance(mask: NDArray[np.bool_], blur: float) -> Array:
    """Distance to the border of a mask in its own pixels, positive inside, stairs smoothed."""
    inside = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)
    outside = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5)
    signed = np.where(mask, inside - 0.5, 0.5 - outside)
    return cv2.GaussianBlur(signed, (0, 0), blur).astype(np.float64)


@dataclass(frozen=True)
class Pins:
    """Values asked for at places of a grid: positions (N, 2) in cells, x first."""

    at: Array
    value: Array
    weight: Array


def swell(domain: NDArray[np.bool_], bulge: float, pins: Pins) -> Array:
    """The smoothest field that bulges evenly and passes near the pins (thin plate).

    Minimises the sum of (Laplacian + `bulge`)² over the domain and of the weighted squared
    differences at the pins. Heights whose square swells so are round: with 4 a disc becomes a
    half ball, with 2 a strip becomes a half cylinder.

    Parameters
    ----------
    domain : (R, C) bool array
        Nodes that take part; a little more than what is wanted.
    bulge : float
        In squared cells per squared cell.
    pins : Pins
        Anywhere within the domain.

    Returns
    -------
    (R, C) array
        Zero outside the domain.
    """
    rows, columns = domain.shape
    number = np.full((rows + 2, columns + 2), -1)
    number[1:-1, 1:-1][domain] = np.arange(np.count_nonzero(domain))
    centre = number[1:-1, 1:-1][domain]
    around = np.stack([number[1:-1, :-2], number[1:-1, 2:], number[:-2, 1:-1], number[2:, 1:-1]])[
        :, domain
    ]
    size = len(centre)
    whole = (around >= 0).all(axis=0)
    laplace = _rows(
        np.concatenate([centre[None, whole], around[:, whole]]).T,
        np.array([-4.0, 1.0, 1.0, 1.0, 1.0]),
        size,
    )
    # At the domain's own edge, where the Laplacian is not defined, neighbours agree weakly.
    near, far = centre[None].repeat(4, 0)[around >= 0], around[around >= 0]
    slope = _rows(np.stack([near, far], 1), np.array([-1.0, 1.0]), size)
    corner = np.floor(pins.at).astype(int)
    part = pins.at - corner
    corners, shares = [], []
    for dx, dy in ((0, 0), (1, 0), (0, 1), (1, 1)):
        x = np.clip(corner[:, 0] + dx + 1, 0, columns + 1)
        y = np.clip(corner[:, 1] + dy + 1, 0, rows + 1)
        corners.append(number[y, x])
        shares.append(np.abs(1 - dx - part[:, 0]) * np.abs(1 - dy - part[:, 1]))
    corners_at, shares_at = np.stack(corners, 1), np.stack(shares, 1)
    known = (corners_at >= 0).all(axis=1) & (pins.weight > 0.0)
    pin = _rows(corners_at[known], shares_at[known], size)
    weight = sparse.diags(pins.weight[known])
    matrix = laplace.T @ laplace + 1e-4 * (slope.T @ slope) + pin.T @ weight @ pin
    right = -bulge * np.asarray(laplace.sum(axis=0)).ravel() + pin.T @ (
        pins.weight[known] * pins.value[known]
    )
    field = np.zeros(domain.shape)
    factor = splu(matrix.tocsc(), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
    field[domain] = factor.solve(right)
    return field


def _rows(places: NDArray, values: Array, size: int) -> sparse.csr_matrix:
    """A matrix with `values` at `places` (M, K) of each row."""
    count, wide = places.shape
    values = np.broadcast_to(values, places.shape).ravel()
    starts = np.arange(count + 1) * wide
    return sparse.csr_matrix((values, places.ravel(), starts), shape=(count, size))


def spread_inwards(colours: NDArray[np.uint8], known: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Fill the unknown with smooth colours from all around (push–pull pyramid).

    Parameters
    ----------
    colours : (H, W, 3) uint8 array
    known : (H, W) bool array
        Where the colours count.

    Returns
    -------
    (H, W, 3) uint8 array
        Unchanged where known.
    """
    weight = known.astype(np.float32)
    levels: list[tuple[NDArray, NDArray]] = [
        (colours.astype(np.float32) * weight[..., None], weight)
    ]
    while max(levels[-1][1].shape) > 1:
        levels.append((cv2.pyrDown(levels[-1][0]), cv2.pyrDown(levels[-1][1])))
    total = levels[-1][0] / np.maximum(levels[-1][1], 1e-6)[..., None]
    for summed, share in levels[-2::-1]:
        size = (share.shape[1], share.shape[0])
        coarse = cv2.pyrUp(total, dstsize=size).reshape(summed.shape)
        sure = np.clip(share * 4.0, 0.0, 1.0)[..., None]
        total = sure * summed / np.maximum(share, 1e-6)[..., None] + (1.0 - sure) * coarse
    filled = np.where(known[..., None], colours, total)
    return np.clip(filled + 0.5, 0.0, 255.0).astype(np.uint8)
