"""The pure half: values and functions without loop, clock, files or network."""
