"""Wire formats: bytes in, values and bytes out."""
