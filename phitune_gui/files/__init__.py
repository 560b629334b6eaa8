"""How bytes reach the disk: atomically, once, and never half."""
