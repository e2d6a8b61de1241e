"""Commands for people who work with the lake or on this project."""
