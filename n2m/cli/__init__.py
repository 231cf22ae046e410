"""What the command line adds to the library: flags, bars, and results as lines of text."""
