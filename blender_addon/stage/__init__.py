"""The avatar and what it is seen with: set, light, camera, render settings."""
