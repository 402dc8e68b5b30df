"""One module per kind of step: each joins the bucket's side of the work to the pure parts."""
