"""How Sphinx builds these pages: `make docs`."""

project = "covid-ctl"
author = "the covid-ctl authors"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
html_theme = "furo"
html_title = "covid-ctl"
exclude_patterns = ["_build"]
myst_heading_anchors = 3
suppress_warnings = ["misc.highlighting_failure"]
nitpicky = True
linkcheck_anchors = False
