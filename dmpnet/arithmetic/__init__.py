"""Numbers as a chip holds them: words, shifts, the register that rounds at random."""
