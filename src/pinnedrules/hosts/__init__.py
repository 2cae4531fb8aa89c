"""Thin bindings of the core to the places where requests pass."""
