"""The sets a conductor can stand in: few meshes of few polygons, shaded by pictures."""
