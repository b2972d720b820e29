"""What a motion is worth: measures from the motion alone and against its music."""
