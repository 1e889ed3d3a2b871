"""What one step of a layer is: its equations beside the constants that enter them."""
