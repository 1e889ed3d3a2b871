"""Processes and signals: children that end with their parent, runs that Ctrl-C ends cleanly."""
