"""Where a foot's bone ends, whatever length an importer gave it."""

import numpy as np
import pytest
from sample_rigs import bone_rows, rig_from_rows

from retarget.detect import detect_rig
from retarget.fit import fit_rig
from retarget.readback import foot_ends


@pytest.mark.parametrize("length", [1.0, 40.0])
def test_the_ground_stays_under_the_feet_however_long_their_bones_are(length):
    rows = bone_rows()
    for side in "LR":
        above, head, tail = rows[f"foot.{side}"]
        rows[f"foot.{side}"] = (above, head, head + length * (tail - head))
    rig = rig_from_rows(rows)
    ground = foot_ends(fit_rig(rig, detect_rig(rig)))[:, 2].min()
    np.testing.assert_allclose(ground, 0.02, atol=0.015)
