"""What one step of a layer is: equations with their parameters, in the papers' symbols."""
