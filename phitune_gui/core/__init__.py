"""What things are: frozen values with no behaviour beyond their own consistency."""
