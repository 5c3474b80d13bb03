# SPDX-License-Identifier: GPL-2.0-only
"""A warning's call as a program: sizes, directions and kinds from the log; the rest is assumed, and listed.

A warning names neither the CPU's address nor, often, the direction; the low bits of the DMA address are those of the
buffer. Where a dump has the mapping, its physical address, length, type and direction take the place of assumptions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dmafuzz import _core
from dmafuzz.program import Program, ProgramError, parse
from dmafuzz.program.render import LANGUAGE, VERSION

from .splat import Live, Splat

PAGE = 4096
_BUFFER_MAX = 512 * 1024  # of the language
_ENTRIES_MAX = 4
_LINE = 128  # the widest of any platform: a buffer that begins there shares its first cacheline with no other
_LINE_LEAST = 64
_SEGMENT = 0x10000  # the boundary of a device that says nothing, in the model

_ENDS = {
    "single": "unmap_single", "page": "unmap_page", "phy": "unmap_page", "scatter-gather": "unmap_sg",
    "coherent": "free_coherent", "noncoherent": "free_noncoherent", "resource": "unmap_resource",
}  # fmt: skip
# By what the frames of the map, or of the call, are named.
_CALLS = (
    ("noncontiguous", "noncontiguous"),
    ("alloc_pages", "noncoherent"), ("free_pages", "noncoherent"), ("noncoherent", "noncoherent"),
    ("coherent", "coherent"), ("dma_alloc", "coherent"), ("dma_free", "coherent"), ("dma_pool", "coherent"),
    ("_sg", "scatter-gather"), ("resource", "resource"), ("_single", "single"), ("_phys", "phy"), ("_page", "page"),
)  # fmt: skip
# What a check is about, whatever the frames say.
_TYPES = {"free-cpu-address": "coherent", "free-sg-count": "scatter-gather", "sync-sg-count": "scatter-gather"}
# Kernel attributes by bit, as far as programs have them.
_ATTRS = {
    1: "WEAK_ORDERING",
    5: "SKIP_CPU_SYNC",
    8: "NO_WARN",
    10: "MMIO",
    11: "IGNORE_CACHELINES",
    12: "REQUIRE_COHERENT",
}
_UNKNOWN_DIRECTIONS = ("FROM_DEVICE", "TO_DEVICE")


@dataclass(frozen=True)
class Sketch:
    """A program, what was assumed for it (phrases), and whether a dump says where the mapping is."""

    program: Program
    assumed: tuple[str, ...]
    direction: str
    from_dump: bool


@dataclass(frozen=True)
class _Mapping:
    """The mapping that a warning is about: ``type`` as a dump has it, ``offset`` in its page, ``size`` in bytes."""

    type: str
    offset: int
    size: int
    direction: str
    assumed: tuple[str, ...]
    nents: int = 1
    attrs: str = ""
    unchecked: bool = False

    @property
    def brought_up(self) -> list[str]:
        """The lines that allocate and map it."""
        flag = " unchecked" if self.unchecked else ""
        attrs = f" attrs={self.attrs}" if self.attrs else ""
        if self.type == "coherent":
            return [f"cpu0 b0 m0 = alloc_coherent d0 {self.size}"]
        if self.type == "noncoherent":
            return [f"cpu0 b0 m0 = alloc_noncoherent d0 {self.size} {self.direction}"]
        if self.type == "resource":
            return [f"cpu0 b0 = alloc mmio {-(-self._buffer // PAGE) * PAGE}", self._line("map_resource", attrs + flag)]
        alloc = f"cpu0 b0 = alloc pages {self._buffer}"
        if self.type == "scatter-gather":
            part = max(1, self.size // self.nents)
            entries = " ".join(f"b0:{self.offset + i * part}:{part}" for i in range(self.nents))
            return [alloc, f"cpu0 m0 = map_sg d0 {self.direction} {entries}{attrs}"]
        return [alloc, self._line("map_single" if self.type == "single" else "map_page", attrs + flag)]

    @property
    def end(self) -> str:
        """The call that ends it."""
        return _ENDS[self.type]

    def _line(self, call: str, rest: str) -> str:
        return f"cpu0 m0 = {call} d0 b0 {self.offset} {self.size} {self.direction}{rest}"

    @property
    def _buffer(self) -> int:
        """Bytes: it ends where the mapping does, so that nothing else lives in its last line."""
        return self.offset + self.size


def sketches(splat: Splat, live: Live | None = None) -> list[Sketch]:
    """The programs that a warning may stand for, one for each direction that is possible; none where too little is
    known, or it is larger than a program may be. ``live`` is the mapping that the warning is about, from a dump."""
    found = []
    known = live.direction if live else splat.values.get("mapped with", "")
    directions = (known.removeprefix("DMA_"),) if known and known != "DMA_NONE" else _UNKNOWN_DIRECTIONS
    for direction in directions:
        assumed = () if known else (f"the direction is {direction}",)
        made = _made(splat, live, direction, assumed)
        if made is None:
            continue
        lines, said = made
        try:
            program = parse("\n".join((f"{LANGUAGE} {VERSION}", *lines)))
        except ProgramError:
            continue
        found.append(Sketch(program, said, direction, live is not None))
    return _distinct(found)


def _distinct(found: list[Sketch]) -> list[Sketch]:
    """Without those that came to the same program: then the direction was not asked for."""
    programs: dict[bytes, Sketch] = {}
    for sketch in found:
        programs.setdefault(sketch.program.encode(), sketch)
    if len(programs) == 1 and len(found) > 1:
        only = found[0]
        said = tuple(each for each in only.assumed if not each.startswith("the direction"))
        return [Sketch(only.program, said, "", only.from_dump)]
    return list(programs.values())


def _made(
    splat: Splat, live: Live | None, direction: str, assumed: tuple[str, ...]
) -> tuple[list[str], tuple[str, ...]] | None:
    """The lines of the program, and what was assumed; None where it cannot be made."""
    special = _special(splat, direction)
    if special is not None:
        return special, assumed
    size = live.length if live else _size_of_map(splat)
    if size is None or not 0 < size <= _BUFFER_MAX - PAGE:
        return None
    mapping = _mapping(splat, live, size, direction, assumed)
    lines = list(_after(splat, mapping, live))
    return ([*mapping.brought_up, *lines], mapping.assumed) if lines else None


def _size_of_map(splat: Splat) -> int | None:
    """The size that was mapped. Of a check of frees that names one size it is both; of syncs it is the mapping's."""
    if splat.check in ("free-unallocated", "sync-unallocated"):
        return None
    if splat.check in ("free-sg-count", "sync-sg-count"):
        return PAGE * min(splat.number("map count") or 1, _ENTRIES_MAX)
    return splat.number("map size") or splat.number("allocation size") or splat.number("size")


def _mapping(splat: Splat, live: Live | None, size: int, direction: str, assumed: tuple[str, ...]) -> _Mapping:
    said = list(assumed)
    type_ = live.type if live else _type_of(splat)
    if not type_:
        type_ = "single"
        said.append("it was mapped by dma_map_single()")
    address = splat.address("device address")
    start = _start(splat, live)
    offset = (start or 0) % PAGE // _LINE * _LINE
    if start is None:
        said.append("it begins at the start of a page")
    elif not live:
        said.append("it begins with the cacheline of its page in which its DMA address lies")
    if splat.check.startswith("sync") and not live and address is not None:
        said.append("the sync begins where the mapping does")
    nents = min(splat.number("map count") or 1, _ENTRIES_MAX) if splat.check.endswith("sg-count") else 1
    if (splat.number("map count") or 0) > _ENTRIES_MAX:
        said.append(f"a scatterlist of {_ENTRIES_MAX} entries stands for one of {splat.values['map count']}")
    if not (live and live.type in ("coherent", "noncoherent", "resource")) and type_ not in ("coherent", "resource"):
        said.append("no unrelated data shares its first and last cachelines")
    attrs = _attrs(live.attrs if live else splat.address("mapped with") if splat.check == "free-attributes" else 0)
    unchecked = splat.check == "free-unchecked"
    return _Mapping(type_, offset, size, direction, tuple(said), nents, attrs, unchecked)


def _start(splat: Splat, live: Live | None) -> int | None:
    """Where the mapping begins, as far as its place in a page goes; None where nothing says it."""
    if live:
        return live.dma if live.physical is None else live.physical
    return None if splat.check in ("sync-range", "free-sg-count", "sync-sg-count") else splat.address("device address")


def too_large(splat: Splat, live: Live | None) -> bool:
    """Whether the mapping is larger than a program may be."""
    return (live.length if live else _size_of_map(splat) or 0) > _BUFFER_MAX - PAGE


def shares_lines(splat: Splat, live: Live | None) -> bool:
    """Whether it does not begin or end on a boundary of cachelines, and a device may write it: the log does
    not say which data shares these cachelines."""
    start, size = _start(splat, live), live.length if live else _size_of_map(splat)
    told = live.type if live else _type_of(splat)
    if start is None or not size or told in ("coherent", "noncoherent", "resource"):
        return False
    known = live.direction if live else splat.values.get("mapped with", "")
    return known != "DMA_TO_DEVICE" and bool(start % _LINE_LEAST or (start + size) % _LINE_LEAST)


def _type_of(splat: Splat) -> str:
    """As the message names it; else by the frames of the map and of the call; "" where nothing says it.

    Up to 5.7 a coherent allocation prints as a scatterlist: the frames of the map know better.
    """
    if splat.check in _TYPES:
        return _TYPES[splat.check]
    frames = [frame.function for frame in splat.mapped_at] or [frame.function for frame in splat.trace]
    by_frame = next((kind for part, kind in _CALLS for name in frames if part in name and "dma" in name), "")
    told = splat.values.get("mapped as", "")
    if told.startswith("sca"):
        told = "coherent" if by_frame == "coherent" else "scatter-gather"
    kind = told or by_frame
    if told in ("single", "page", "phy") and by_frame in ("noncoherent", "noncontiguous"):
        kind = by_frame
    return "noncoherent" if kind == "noncontiguous" else kind


def _attrs(bits: int | None) -> str:
    return ",".join(name for bit, name in _ATTRS.items() if (bits or 0) >> bit & 1 and name in _core.ATTRS)


def _after(splat: Splat, mapping: _Mapping, live: Live | None) -> Iterator[str]:
    """The call that is warned about; nothing where a program cannot express it."""
    values = splat.values
    end = f"cpu0 {mapping.end} m0"
    if splat.check == "free-size" and (size := splat.number("unmap size")) is not None:
        yield f"{end} size={size}"
    elif splat.check == "free-wrong-function":
        unmapped = values.get("unmapped as", "")
        call = _ENDS.get("scatter-gather" if unmapped.startswith("sca") else unmapped, "")
        if call and call != mapping.end:
            yield f"cpu0 {call} m0"
    elif splat.check == "free-cpu-address":
        yield f"cpu0 {mapping.end} m0 cpu_offset={_cpu_offset(splat)}"
    elif splat.check in ("free-sg-count", "sync-sg-count"):
        yield from _other_count(splat, mapping)
    elif splat.check == "free-direction" and "unmapped with" in values:
        yield f"{end} dir={values['unmapped with'].removeprefix('DMA_')}"
    elif splat.check == "free-unchecked":
        yield end
    elif splat.check == "free-attributes":
        yield f"{end} attrs={_attrs(splat.address('unmapped with')) or 'none'}"
    elif splat.check == "leak":
        yield "cpu0 forget m0"
    elif splat.check == "free-unallocated" and live and mapping.type in ("single", "page", "phy"):
        address, size = splat.address("device address"), splat.number("size")
        if address is not None and size and address > live.dma:
            yield f"{end} offset={address - live.dma} size={size}"
    elif splat.check.startswith("sync"):
        yield from _synced(splat, mapping, live)


def _cpu_offset(splat: Splat) -> int:
    """How far the address that is freed lies behind the one allocated, where the log does not hide them."""
    allocated, freed = splat.address("cpu alloc address"), splat.address("cpu free address")
    if allocated and freed and 0 < freed - allocated < _BUFFER_MAX:
        return freed - allocated
    return PAGE


def _other_count(splat: Splat, mapping: _Mapping) -> Iterator[str]:
    """A list ended or synced with another number of entries: fewer, as a program cannot express more."""
    other = splat.number("unmap count") or splat.number("sync count")
    if other is None or mapping.nents < 2 or other >= (splat.number("map count") or 0):
        return
    nents = min(other, mapping.nents - 1)
    call = "unmap_sg" if splat.check == "free-sg-count" else f"sync_sg_for_{_side(splat)}"
    yield f"cpu0 {call} m0 nents={max(nents, 1)}"


def _side(splat: Splat) -> str:
    """Whether a sync is for the CPU or for the device; by its check, else by the frames of the call."""
    if splat.check == "sync-write-only-for-device":
        return "device"
    return "device" if any("for_device" in frame.function for frame in splat.trace) else "cpu"


def _synced(splat: Splat, mapping: _Mapping, live: Live | None) -> Iterator[str]:
    call = "sync_sg" if mapping.type == "scatter-gather" and splat.check != "sync-unallocated" else "sync_single"
    line = f"cpu0 {call}_for_{_side(splat)} m0"
    if splat.check == "sync-range" and (size := splat.number("sync offset+size")) is not None:
        yield f"cpu0 sync_single_for_{_side(splat)} m0 size={size}"
    elif "synced with" in splat.values:
        yield f"{line} dir={splat.values['synced with'].removeprefix('DMA_')}"
    elif splat.check == "sync-unallocated" and live:
        address, size = splat.address("device address"), splat.number("size")
        if address is not None and size:
            yield f"{line} offset={address - live.dma} size={size}"


def _special(splat: Splat, direction: str) -> list[str] | None:
    """Programs of checks that are not about a live mapping; None for the others."""
    length = min(splat.number("len") or 64, _BUFFER_MAX - PAGE)
    if splat.check == "map-stack":
        return ["cpu0 b0 = alloc stack 64", f"cpu0 m0 = map_single d0 b0 0 64 {direction}", "cpu0 unmap_single m0"]
    if splat.check == "map-text-rodata":
        length = min(length, PAGE)
        return [f"cpu0 b0 = alloc rodata {length}", f"cpu0 m0 = map_single d0 b0 0 {length} {direction}"]
    if splat.check in ("map-invalid-area", "map-vmalloc"):
        length = min(length, 16 * PAGE)
        return [f"cpu0 b0 = alloc vmalloc {length}", f"cpu0 m0 = map_single d0 b0 0 {length} {direction}"]
    if splat.check == "resource-ram":
        return ["cpu0 b0 = alloc pages 4096", f"cpu0 m0 = map_resource d0 b0 0 4096 {direction}"]
    if splat.check == "sg-too-long":
        return [f"cpu0 b0 = alloc pages {-(-length // PAGE) * PAGE}", f"cpu0 m0 = map_sg d0 {direction} b0:0:{length}"]
    if splat.check == "sg-boundary":
        return _across(splat, direction)
    return None


def _across(splat: Splat, direction: str) -> list[str] | None:
    start, end, mask = (splat.address(name) for name in ("start", "end", "boundary"))
    if start is None or end is None or mask != _SEGMENT - 1 or not 0 < end - start < _BUFFER_MAX - _SEGMENT:
        return None
    offset, length = start % _SEGMENT, end - start + 1
    size = -(-(offset + length) // PAGE) * PAGE
    return [f"cpu0 b0 = alloc pages {size}", f"cpu0 m0 = map_sg d0 {direction} b0:{offset}:{length}"]
