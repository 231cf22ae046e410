"""Preparing examples for training: cleaning, rejecting, splitting, keeping, describing."""
