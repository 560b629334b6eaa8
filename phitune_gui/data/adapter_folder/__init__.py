"""Reads an adapter folder that was made elsewhere, within limits and without opening a pickle or following what it names."""
