"""What you see: the only code that knows Qt."""
