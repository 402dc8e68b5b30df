"""Where things run: local, or a cluster with its bucket, images and node pools."""
