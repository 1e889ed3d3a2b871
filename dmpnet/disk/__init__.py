"""What is read and written: whole, or refused in one line that names the file."""
