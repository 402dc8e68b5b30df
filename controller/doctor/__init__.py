"""``covid-ctl doctor``: is everything there that steps will need? Looks, and leaves nothing behind."""
