"""What one step of a layer is: neurons, decay of the membrane, slow memory."""
