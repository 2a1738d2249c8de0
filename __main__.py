"""The program's first lines: `python -m stylize_video`, and what the command `stylize-video` is.

Until signals are heard as in signals.py, Ctrl-C ends the process; the imports that this takes are longer than
it would take a hasty user to press it. So nothing is imported before that.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # what `signal` is made of, without the classes that it puts on top of it
import os
import sys


def _leave(number: int, _: object) -> None:
    os.write(2, b"stylize-video: interrupted\n")
    if "--json" in sys.argv:
        os.write(1, b'{"error": "interrupted", "exit_code": %d}\n' % (128 + number))
    os._exit(128 + number)


for _name in ("SIGINT", "SIGTERM", "SIGHUP"):
    _number = getattr(_signal, _name, None)  # Windows lacks the last
    if _number is not None and _signal.getsignal(_number) != _signal.SIG_IGN:
        _signal.signal(_number, _leave)


def main() -> None:
    """Run the command line; exits."""
    from stylize_video import entry as process

    process.main()


if __name__ == "__main__":
    main()
