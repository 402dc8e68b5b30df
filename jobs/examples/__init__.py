"""Documents in, TFRecord examples out."""
