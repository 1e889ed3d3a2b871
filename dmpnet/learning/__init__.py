"""Learning in Brian2 on real data, without backpropagation."""
