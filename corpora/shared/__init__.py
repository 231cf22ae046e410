"""What every room of corpora uses: the Corpus type, opening files, messages."""
