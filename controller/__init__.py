"""covid-ctl: decides, submits, tracks. Never imports tensorflow."""
