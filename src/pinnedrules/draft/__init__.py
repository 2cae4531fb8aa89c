"""Drafts a rule file from the tools that a program, a recording or a module shows. Guesses, for a person to confirm."""
