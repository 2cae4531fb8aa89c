"""What the model reads: the pin block, and the proof that it is in a request."""
