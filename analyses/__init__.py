"""One question a script, and its results (installed as dmpnet.analyses, for the figures that read them)."""
