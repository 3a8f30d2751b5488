#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""terminal.py COLUMNS COMMAND [ARGUMENT…]: runs a command at a terminal of that width; prints each
thing that was drawn on the terminal's last line and wiped again, one a line. Ends with the command's
status."""
import os
import re
import sys

import ptys

pid, terminal, _ = ptys.start(sys.argv[2:], int(sys.argv[1]))
shown = b"".join(ptys.shown(terminal))
for drawn in re.findall(r"\r\033\[K([^\r\n]+)(?=\r\033\[K)", shown.decode()):
    print(drawn)
_, status = os.waitpid(pid, 0)
sys.exit(os.waitstatus_to_exitcode(status))
