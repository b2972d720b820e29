"""The conducted animation for other programs: BVH, FBX, glTF and USD."""
