"""Everything this package raises on purpose.

StylizeVideoError               the base: the command line prints it as one line and exits 1
+-- UsageError                  the request itself makes no sense; exit 2
|   +-- UnknownStyleError
|   +-- UnknownFormatError      container or codec nobody here can write
+-- InputError                  what was given can't be read
+-- OutputError                 what was asked for can't be written
|   +-- OutputExistsError
|       +-- OtherRunError       what an interrupted run has left is of other settings
+-- VerificationError           the output is not what the input was
+-- WeightsError                a weights file is missing, damaged or of another version
+-- DeviceError                 the device asked for is not there
+-- TrainingError               training data or a checkpoint that can't be used
"""

from __future__ import annotations


class StylizeVideoError(Exception):
    """Base of all errors raised on purpose. The message says what, where and what to do."""


class UsageError(StylizeVideoError, ValueError):
    """The request makes no sense, whatever the files hold."""


class UnknownStyleError(UsageError):
    """No style of that name."""


class UnknownFormatError(UsageError):
    """No container or codec of that name, or not one that can be written here."""


class InputError(StylizeVideoError):
    """The input is missing, is no film, or can't be decoded."""


class OutputError(StylizeVideoError):
    """The output can't be written."""


class OutputExistsError(OutputError):
    """The output exists and overwriting was not asked for."""


class OtherRunError(OutputExistsError):
    """What an interrupted run has left of a film is of other settings."""


class VerificationError(StylizeVideoError):
    """The finished output does not hold what the input held."""


class WeightsError(StylizeVideoError):
    """A weights file is missing, damaged or of another version."""


class DeviceError(StylizeVideoError):
    """The device asked for is not there."""


class TrainingError(StylizeVideoError):
    """Training data or a checkpoint that can't be used."""
