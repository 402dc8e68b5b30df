"""The commands: options in, lines and tables out."""
