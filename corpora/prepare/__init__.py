"""Preparing examples for training: cleaning, rejecting, splitting, storing, describing."""
