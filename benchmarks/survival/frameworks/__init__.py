"""Compactors of real frameworks for the survival benchmark, each in an environment of its own; see README.md."""
