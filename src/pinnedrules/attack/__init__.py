"""Tries every known trick against a person's own rule file, with its own tools and arguments."""
