"""The Blender extension. Importing it needs no bpy; registering it does."""
