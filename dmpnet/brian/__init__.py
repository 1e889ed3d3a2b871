"""What runs in Brian2, in scripts of one's own."""
