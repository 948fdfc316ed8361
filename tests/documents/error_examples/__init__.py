"""For each kind of error, files and a command that print its example: one module a family of kinds.

Each case makes what it needs in the working directory, and gives back what was printed.
"""
