"""The way in: from the radio modem's serial line to received frames."""
