"""How Sphinx builds the documents; `scripts/docs` runs it."""

project = "mailauth"
extensions = ["myst_parser"]
html_theme = "furo"
html_title = "mailauth"
myst_heading_anchors = 3
exclude_patterns = ["_build"]
