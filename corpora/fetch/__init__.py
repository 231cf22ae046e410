"""Fetching the files of a corpus: from the web, an archive, npm, a mirror, the hub or an installed package."""
