"""One file for each engine: ``FORM`` says how it is given the rules, ``build`` returns its decider."""
