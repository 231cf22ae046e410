"""A server for trained models: a JSON API, and a playground for the browser on top of it."""
