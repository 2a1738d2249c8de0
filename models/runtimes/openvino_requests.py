"""Pictures on their way through what OpenVINO has compiled: started now, waited for later."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from numpy.typing import NDArray


class Requests:
    """A compiled section's requests, each of which takes a picture at a time; made as they are needed.

    Args:
        compiled: OpenVINO's.
        streams: how many pictures it runs side by side; others wait for these.
    """

    def __init__(self, compiled: Any, streams: int) -> None:
        self._compiled = compiled
        self.streams = streams
        self.outputs = compiled.outputs
        self._idle = [compiled.create_infer_request() for _ in range(streams)]

    def take(self) -> Any:
        """One that nobody uses, to be given back."""
        try:
            return self._idle.pop()
        except IndexError:
            return self._compiled.create_infer_request()

    def give_back(self, request: Any) -> None:
        """Say that it can be used again."""
        self._idle.append(request)


class UnderWay:
    """Some pictures that are run, as many side by side as there are streams; kept until they have been.

    Args:
        requests: run them.
        inputs: each picture's arrays.
        outputs: each picture's tensors, that it is written into.
    """

    def __init__(
        self, requests: Requests, inputs: Sequence[Sequence[NDArray[Any]]], outputs: Sequence[Sequence[Any]]
    ) -> None:
        self._requests = requests
        self._lent = (inputs, outputs)  # it reads and writes in their memory
        self._running: list[Any] = []
        try:
            for arrays, tensors in zip(inputs, outputs, strict=True):
                request = self._next()
                for number, tensor in enumerate(tensors):
                    request.set_output_tensor(number, tensor)
                request.start_async(list(arrays), share_inputs=True)
        except BaseException:
            with suppress(Exception):  # the first error is told
                self.wait()
            raise

    def _next(self) -> Any:
        """A request, of no more than there are streams."""
        if len(self._running) < self._requests.streams:
            request = self._requests.take()
        else:
            request = self._running.pop(0)
            request.wait()
        self._running.append(request)
        return request

    def wait(self) -> None:
        """Wait until all have been run. Safe to call again.

        Raises:
            RuntimeError: one could not be.
        """
        try:
            for request in self._running:
                request.wait()
        finally:  # after Ctrl-C, too: they write into what would be freed
            while self._running:
                request = self._running.pop()
                with suppress(RuntimeError):  # told above
                    request.wait()
                self._requests.give_back(request)
