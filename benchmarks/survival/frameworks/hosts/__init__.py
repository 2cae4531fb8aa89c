"""One module for each framework, imported only inside that framework's environment; ``kit`` says what they hold."""
