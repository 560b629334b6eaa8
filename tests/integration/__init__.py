"""Whole jobs, from the command line to the last file."""
