"""What was found: accuracies, tables, where they come from and where they go."""
