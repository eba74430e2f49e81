"""Frames from the radio to the broker: cached on disk until the broker acknowledges them."""
