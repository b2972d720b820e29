"""The workshop of the built-in conductors: body, skin, hair and clothes, baked into assets."""
