"""
``peak_memory.py COMMAND...``: run a command on the same input and output, and end as it ends.

The last line of standard error is the most memory that it had at a time, in MiB. This process is small, so
that what the command inherits from it does not count.
"""

from __future__ import annotations

import os
import subprocess
import sys

if __name__ == "__main__":
    process = subprocess.Popen(sys.argv[1:])
    _, status, usage = os.wait4(process.pid, 0)
    print(f"\n{usage.ru_maxrss / 1024:.0f}", file=sys.stderr)
    sys.exit(os.waitstatus_to_exitcode(status))
