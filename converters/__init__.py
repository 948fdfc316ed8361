"""The front ends and the command line."""
