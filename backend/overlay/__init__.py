"""What is drawn over the frames of a video: beats, skeleton, trace of the baton."""
