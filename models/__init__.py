"""Trained networks that ship with dmpnet (installed as dmpnet.models), a card each, and the scripts that made them."""
