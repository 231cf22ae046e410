"""What the corpora share: the Corpus type, downloads, own files, splits."""
