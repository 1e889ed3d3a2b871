"""One figure a script, each a function of files (installed as dmpnet.figures); catalogue.toml lists them by paper."""
