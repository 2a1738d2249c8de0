"""The process around the command line: signals, streams, and a last net under it."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Sequence

from stylize_video.process import circles, ending, signals, supervisor, terminal

# s that a thread may keep Python to itself while others wait for it. The stages of a film call libraries that
# let go of it, and want it back a moment later: with Python's own 5 ms they wait for each other.
_TURN = 0.0005


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line in a process of its own; exits."""
    signals.hold_back()
    # NumPy's matrices here are small: threads that wait for the next one would take time from painting.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    circles.put_off()
    sys.setswitchinterval(_TURN)
    as_json = "--json" in sys.argv
    if supervisor.is_wanted():
        supervisor.in_child(as_json=as_json)
    signals.install(as_json=as_json)
    signals.let_through()
    stdout, stderr = terminal.secure_streams()
    debugging = os.environ.get("STYLIZE_VIDEO_DEBUG") == "1"
    if not debugging:  # what fails while something else is taken down is no news
        sys.unraisablehook = lambda _: None
        threading.excepthook = lambda _: None
    code = _run(arguments, debugging=debugging)
    stdout.flush()
    if stdout.error is not None and code == 0:
        code = _without_stdout(stdout, stdout.error)
    stderr.flush()
    signals.finish()
    signals.tell_end(code)
    if signals.heard():
        os._exit(code)  # whoever wants it to end doesn't want to wait for anything
    ending.end(code)


def _run(arguments: Sequence[str] | None, *, debugging: bool) -> int:
    try:
        from stylize_video import cli

        cli.main(arguments)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except KeyboardInterrupt:
        return signals.exit_code()
    except Exception as error:  # before the command line could catch it
        if debugging:
            import traceback

            traceback.print_exc()
            return 1
        from stylize_video.process.last_net import describe

        message = terminal.shown(describe(error, loading=True))
        print(f"stylize-video: {message}", file=sys.stderr)
        if "--json" in sys.argv:
            print(json.dumps({"error": message, "exit_code": 1}))
        return 1
    return 0


def _without_stdout(stdout: terminal.Stream, error: OSError) -> int:
    """Say that something was lost; the exit code."""
    told = "" if stdout.is_the_answer else "; the output is in its place"
    print(f"stylize-video: can't write to stdout ({error.strerror}){told}", file=sys.stderr)
    return int(stdout.is_the_answer)
