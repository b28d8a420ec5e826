"""Exceptions and warnings; their messages are those of the library."""


class Error(Exception):
    """Something that the library refused, or that failed."""


class SettingError(Error, ValueError):
    """A setting, an argument or an array that cannot be used; the message tells what would be."""


class FileError(Error, OSError):
    """A file or folder that cannot be read or written, or does not hold what it should."""


class DeviceError(Error, RuntimeError):
    """A device that failed, or that cannot hold the network."""


class SuspectWarning(UserWarning):
    """A network whose closing check left it suspect, or that was never checked."""
