"""The check at the end of each job: the finished output against what was read and carried."""

from __future__ import annotations

from pathlib import Path

import av

from stylize_video.errors import InputError, VerificationError
from stylize_video.pipeline.sinks.report import FramesRead, WriteReport
from stylize_video.pipeline.verification.comparison import Comparison, open_output


def verify(path: Path, report: WriteReport, read: FramesRead) -> str:
    """Compare the file at `path` with what was read; one line that says what was found equal.

    Args:
        path: the finished file, under whatever name.
        report: what the writer says of it, and of the packets it carried over.
        read: the frames as the reader yielded them.

    Raises:
        VerificationError: names the first thing that is not as it was in the source.
    """
    try:
        with open_output(path, report.container) as output:
            comparison = Comparison(path, report, read, output)
            for finding in comparison.findings():
                raise VerificationError(f"{report.path}: {finding}")
            return comparison.summary()
    except (OSError, av.FFmpegError, InputError) as error:
        raise VerificationError(f"{report.path}: can't be read back: {error}") from error
