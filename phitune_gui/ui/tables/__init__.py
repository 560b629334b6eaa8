"""Table models and the views that show them."""
