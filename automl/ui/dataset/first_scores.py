"""First scores of data sets, computed one at a time beside the server and kept by job."""

import os
import threading
from collections import OrderedDict
from dataclasses import dataclass, field

import streamlit as st

from automl.errors import UserError
from automl.evaluation.first_score import FirstScore
from automl.jobs.job import Job
from automl.jobs.side_process import SideProcess

_AUTOMATIC = "AUTOML_FIRST_SCORE"
"""Environment variable; `ask`: a first score is computed only when asked for."""

_MAX_KEPT = 16


def is_automatic() -> bool:
    """True if a first score is computed as soon as somebody looks at the data."""
    return os.environ.get(_AUTOMATIC, "").lower() != "ask"


@dataclass
class Look:
    """One first score: being computed, there, refused or cancelled."""

    process: SideProcess
    score: FirstScore | None = None
    refusal: str = ""
    is_cancelled: bool = False

    def is_running(self) -> bool:
        """True until there is a score, or a reason why there is none."""
        if self.score or self.refusal or self.is_cancelled:
            return False
        if self.process.is_running():
            return True
        try:
            self.score = FirstScore.model_validate_json(self.process.result())
        except UserError as error:
            self.refusal = str(error)
        self.process.close()
        return False

    def cancel(self) -> None:
        """End the process."""
        self.is_cancelled = True
        self.process.close()


@dataclass
class Looks:
    """The looks of this server, by what their jobs say about the data."""

    _by_data: OrderedDict[str, Look] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, key: str) -> Look | None:
        """The look at this data, if there was one."""
        return self._by_data.get(key)

    def running(self) -> list[Look]:
        """The looks that are not finished; at most one."""
        return [look for look in self._by_data.values() if look.is_running()]

    def begin(self, key: str, job: Job) -> Look | None:
        """Look at the data; None if this server looks at other data right now."""
        with self._lock:
            there = self._by_data.get(key)
            if there and not there.is_cancelled:
                return there
            if self.running():
                return None
            look = Look(SideProcess("automl.engine.first_score", job))
            self._by_data[key] = look
            while len(self._by_data) > _MAX_KEPT:
                self._by_data.popitem(last=False)
            return look


@st.cache_resource
def looks() -> Looks:
    """The looks of this server."""
    return Looks()
