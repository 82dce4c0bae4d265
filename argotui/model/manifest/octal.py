"""Numbers that are written with a leading zero."""


class OctalInt(int):
    """A number written with a leading zero (`0644`): fine as file permissions, doubtful as a text."""
