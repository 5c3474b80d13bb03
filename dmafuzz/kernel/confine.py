# SPDX-License-Identifier: GPL-2.0-only
"""A process that runs a kernel's own code confines itself first: it writes where it must, and nowhere else.

By Landlock (Documentation/userspace-api/landlock.rst), by system calls, with no process in between. What stays
possible is in SECURITY.md.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import logging
import os
import resource
import struct
from collections.abc import Sequence
from pathlib import Path

_LOG = logging.getLogger("dmafuzz")
_LIBC = ctypes.CDLL(None, use_errno=True)

# The numbers are the same on every architecture.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION = 1
_PATH_BENEATH = 1
_SET_NO_NEW_PRIVS = 38

_EXECUTE, _WRITE_FILE = 1 << 0, 1 << 1
_REMOVE_FILE, _MAKE_REG, _TRUNCATE = 1 << 5, 1 << 8, 1 << 14
# Everything but reading files and folders, as far as each version of the interface knows it.
_CHANGES = _EXECUTE | _WRITE_FILE | sum(1 << bit for bit in range(4, 13))
_LATER = {2: 1 << 13, 3: _TRUNCATE, 5: 1 << 15}
_TCP = 3  # bind and connect; from version 4 on
_SCOPES = 3  # abstract sockets and signals beyond this process; from version 6 on

_FILE_BYTES_MAX = 1 << 30


class OwnProcess:
    """Whether the command line is all that this process is for: nobody else is confined with it."""

    is_ours = False


def confine_command() -> None:
    """As `confine`, for a command that writes nothing from now on but to what is open; where the process is its own."""
    if OwnProcess.is_ours:
        confine([])


def confine(writable: Sequence[Path]) -> bool:
    """Gives up, for good, what running a tracker does not need: to write but beneath ``writable``, to start programs,
    to connect. After the code is loaded, before it runs.

    False where the kernel has no Landlock, which is said once.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(ValueError):  # a lower limit stays
        resource.setrlimit(resource.RLIMIT_FSIZE, (_FILE_BYTES_MAX, _FILE_BYTES_MAX))
    _LIBC.prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    version = landlock_version()
    if version < 1:
        _say_once()
        return False
    changes = _CHANGES | sum(bits for since, bits in _LATER.items() if since <= version)
    fields = [changes, _TCP, _SCOPES][: 1 if version < 4 else 2 if version < 6 else 3]
    attributes = struct.pack(f"={len(fields)}Q", *fields)
    rules = _call(_CREATE_RULESET, attributes, len(attributes), 0)
    try:
        files = _WRITE_FILE | (_TRUNCATE & changes)
        for folder in writable:
            _allow(rules, folder, files | _REMOVE_FILE | _MAKE_REG)
        _allow(rules, Path(os.devnull), files)
        _call(_RESTRICT_SELF, rules, 0)
    finally:
        os.close(rules)
    return True


@functools.cache
def landlock_version() -> int:
    """Of the running kernel's interface; 0: none."""
    return max(0, int(_LIBC.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _ASK_VERSION)))


def _allow(rules: int, path: Path, access: int) -> None:
    handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        _call(_ADD_RULE, rules, _PATH_BENEATH, struct.pack("=Qi", access, handle), 0)
    finally:
        os.close(handle)


def _call(number: int, *arguments: int | bytes) -> int:
    passed = [ctypes.c_size_t(each) if isinstance(each, int) else ctypes.c_char_p(each) for each in arguments]
    result = int(_LIBC.syscall(ctypes.c_long(number), *passed))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"Landlock: {os.strerror(number)}")
    return result


@functools.cache
def _say_once() -> None:
    _LOG.warning("this machine's kernel has no Landlock: a kernel's own code runs unconfined here (SECURITY.md)")
