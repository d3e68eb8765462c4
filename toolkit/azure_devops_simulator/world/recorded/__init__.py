"""Make a world of a recording: of answers that the service gave once."""
