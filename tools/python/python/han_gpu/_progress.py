"""Progress of long jobs, by tqdm where it is installed."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Callable, Iterator, Optional, Union

#: A function of stage, work done, all work (None: not known) and a few words.
Observer = Callable[[str, int, Optional[int], str], object]
#: True: bars by tqdm, where it is installed. False: nothing. A function: it is called, at most twenty times a second.
Progress = Union[bool, Observer]


@contextmanager
def observing(progress: Progress) -> Iterator[Optional[Observer]]:
    """The observer that a job tells; bars are closed behind it."""
    if callable(progress):
        yield progress
        return
    bars = Bars.find() if progress else None
    try:
        yield bars
    finally:
        if bars:
            bars.close()


class Bars:
    """One bar for every stage of a job."""

    def __init__(self, tqdm: Any) -> None:
        self._tqdm = tqdm
        self._stage = ""
        self._bar: Any = None

    @classmethod
    def find(cls) -> Optional[Bars]:
        """Bars where tqdm is installed; it makes those of notebooks itself."""
        try:
            from tqdm.auto import tqdm  # type: ignore[import-untyped]
        except ImportError:
            return None
        return cls(tqdm)

    def __call__(self, stage: str, done: int, total: Optional[int], words: str) -> None:
        if self._bar is None or stage != self._stage:
            self.close()
            # A run that goes on starts at the steps that it has: they took no time here.
            self._bar = self._tqdm(desc=stage, total=total, initial=done)
            self._stage = stage
        self._bar.update(done - self._bar.n)
        if words:
            self._bar.set_postfix_str(words, refresh=False)

    def close(self) -> None:
        """Leaves the bar as it is."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
