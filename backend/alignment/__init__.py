"""A score beside the sound of its music: whether it fits, and where its beats lie."""
