"""Concert dress as geometry with light baked in: what `pose_transfer.concert` puts on a person."""
