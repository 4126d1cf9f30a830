"""Run a command; if it fails, say what its own messages point to.

usage: explained.py WHAT COMMAND...     (WHAT did not happen)

An old Python must be able to read this file: it runs before anything is installed.
"""
# ruff: noqa: UP032

import re
import subprocess
import sys

# What a message of pip, npm or git says, and what it means to whoever reads it.
CAUSES = [
    (r"No space left on device|ENOSPC|\[Errno 28\]", "the disk is full"),
    (r"Permission denied|EACCES|EPERM|\[Errno 13\]", "a folder may not be written to"),
    (r"DO NOT MATCH THE HASHES|EINTEGRITY", "a file is not the one that was pinned"),
    (
        r"NewConnectionError|ConnectionError|Temporary failure in name resolution|"
        r"Name or service not known|Network is unreachable|ConnectTimeout|"
        r"ReadTimeout|ProxyError|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT",
        "the package index could not be reached. Is there a network?",
    ),
    (
        r"from versions: none\)",  # pip says no more where it reaches nothing
        "the package index has no version of it, or could not be reached. "
        "Is there a network?",
    ),
    (
        r"setuptools_scm.*(version|tag)|InvalidVersion|unable to detect version",
        "the version of the book could not be read from git's tags",
    ),
    (
        r"No matching distribution found|ETARGET|E404",
        "the package index has no such version for this machine",
    ),
    (r"externally-managed-environment", "the environment is the system's own"),
]


def cause_of(messages):
    """The cause that the messages of a command name, None if none is known."""
    for pattern, cause in CAUSES:
        if re.search(pattern, messages):
            return cause
    return None


def main(what, *command):
    running = subprocess.Popen(list(command), stderr=subprocess.PIPE)
    messages = []
    for line in running.stderr:
        messages.append(line.decode("utf-8", "replace"))
        sys.stderr.write(messages[-1])
    status = running.wait()
    if status:
        why = cause_of("".join(messages)) or "the messages above say why"
        sys.stderr.write("{}: {}\n".format(what, why))
    return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
