"""What the bucket says about every step that was ever submitted."""
