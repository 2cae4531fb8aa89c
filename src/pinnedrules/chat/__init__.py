"""What a person's words in the chat ask of the guard: rules and stops, found without a model."""
