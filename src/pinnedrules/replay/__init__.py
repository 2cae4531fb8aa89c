"""Runs recorded conversations through the whole path of the gate, with nobody at the other end."""
