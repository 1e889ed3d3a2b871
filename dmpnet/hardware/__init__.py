"""What the trained arithmetic becomes on chips: integer neurons, where they are updated, what that costs."""
