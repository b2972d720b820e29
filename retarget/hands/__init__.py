"""A hand at rest, how its fingers curl, where its thumb goes, and how it holds a baton."""
