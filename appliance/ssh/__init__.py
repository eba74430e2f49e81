"""The technician's way in: an SSH server for one user, with a screen or single commands."""
