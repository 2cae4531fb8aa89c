"""The requirements that a rule can make, one module per kind."""
