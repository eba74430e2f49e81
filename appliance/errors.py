"""The one kind of error that is meant for a person."""


class ConcentratorError(Exception):
    """One line for a person: what is wrong, where, and what to do next.

    Every part raises its own kind of it; the command line prints the line and exits with 1.
    """
