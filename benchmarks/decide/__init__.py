"""Decides the same calls with this package and with other rule engines, beside each other."""
