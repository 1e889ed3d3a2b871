"""A trained network as data, and the file that holds one."""
