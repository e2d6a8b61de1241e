"""Ends as a process does that the machine has no memory for."""

from __future__ import annotations

import os
import signal

os.kill(os.getpid(), signal.SIGKILL)
