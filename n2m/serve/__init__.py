"""A server for trained models: one queue, a catalogue of models, and the JSON API."""
