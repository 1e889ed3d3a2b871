"""What the command line can do, one file a command: `add(parsers)` declares it, `execute(arguments)` does it."""
