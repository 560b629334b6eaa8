"""What will happen: pure functions from a recipe to its consequences."""
