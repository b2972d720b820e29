"""How the layers of the photo bend: the body as one sheet, each arm as a chain of strips."""
