# SPDX-License-Identifier: GPL-2.0-only
"""What `dmafuzz confirm` runs: programs of files and folders, causes of a store by their IDs, whole stores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dmafuzz import program as language
from dmafuzz.confirmation import Confirmation, Machine
from dmafuzz.confirmation.building import GuestKernel
from dmafuzz.program import Program
from dmafuzz.store import Confirmed, Store, StoredCause
from dmafuzz.store.folder import ABOUT

from .errors import BadInput, complain, input_errors


@dataclass(frozen=True)
class ToConfirm:
    """A program and what to call it; ``cause`` where it is one of the store."""

    name: str
    program: Program
    cause: StoredCause | None = None


class Programs:
    """``failed``: a file could not be read; the others can. Raises BadInput, StoreError."""

    def __init__(self, names: Sequence[str], store: Path) -> None:
        self.failed = False
        folders = [Path(name) for name in names if _is_store(Path(name))]
        if len({*folders, *([store] if _is_store(store) else [])}) > 1 and len(folders) > 1:
            raise BadInput(f"{folders[1]}: a second store; one at a time was expected")
        where = folders[0] if folders else store
        self._store = Store.create(where, exclusive=False) if _is_store(where) else None
        self.items = [item for name in names for item in self._named(name, where)]

    def confirmed(self, item: ToConfirm, done: Confirmation, kernel: GuestKernel, machine: Machine) -> None:
        """Writes into the store's ledger what a guest has said of a cause, where it has anything to do with it."""
        cause = item.cause
        if self._store is None or cause is None or not (done.tried or done.expected):
            return
        where = (kernel.version, kernel.digest, machine.name, machine.option, done.platform)
        self._store.confirm(Confirmed(cause.target, cause.cause, *where, done.answer.value, done.exchange))

    def close(self) -> None:
        if self._store is not None:
            self._store.close()

    def _named(self, name: str, store: Path) -> Iterator[ToConfirm]:
        path = Path(name)
        if _is_store(path):
            assert self._store is not None
            for target in self._store.targets():
                for cause in self._store.causes(target):
                    yield self._of_store(cause)
        elif path.is_dir():
            for file in sorted(path.rglob("*.dma")):
                yield from self._in_file(file)
        elif path.exists():
            yield from self._in_file(path)
        else:
            yield self._by_id(name, store)

    def _in_file(self, file: Path) -> Iterator[ToConfirm]:
        try:
            program = language.read(str(file))
        except input_errors() as error:
            complain(str(error))
            self.failed = True
            return
        found = [] if self._store is None else self._store.find(file.name)
        yield ToConfirm(str(file), program, found[0] if len(found) == 1 else None)

    def _by_id(self, name: str, store: Path) -> ToConfirm:
        if self._store is None:
            raise BadInput(f"{name}: neither a file, nor a folder; for a cause's ID a store was expected in {store}")
        found = self._store.find(name)
        if len(found) != 1:
            count = f"{len(found)} causes begin so" if found else "no file, no folder, and no cause has this ID"
            raise BadInput(f"{name}: {count} in {store}")
        return self._of_store(found[0])

    def _of_store(self, cause: StoredCause) -> ToConfirm:
        assert self._store is not None
        return ToConfirm(cause.file_name, Program(self._store.finding(cause).ops), cause)


def _is_store(path: Path) -> bool:
    return (path / ABOUT).is_file()
