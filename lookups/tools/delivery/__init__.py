"""Tools about the way of one mail: would it pass."""
