# SPDX-License-Identifier: GPL-2.0-only
"""A program's buffers, mappings and arguments as a driver's C calls them."""

from __future__ import annotations

from dmafuzz import _core
from dmafuzz._core import BufferKind, Direction, Op, OpKind

_PAGES = (BufferKind.pages, BufferKind.page_cache, BufferKind.anonymous)
DIRECTIONS = {
    Direction.bidirectional: "DMA_BIDIRECTIONAL",
    Direction.to_device: "DMA_TO_DEVICE",
    Direction.from_device: "DMA_FROM_DEVICE",
}
# What the language calls by a later kernel's idea, and linux/dma-mapping.h by its name.
_ATTRIBUTES = {"IGNORE_CACHELINES": "CPU_CACHE_CLEAN"}


def plus(name: str, offset: int) -> str:
    """An address in C: nothing is added where nothing is to be added."""
    return f"{name} + {offset}" if offset else name


def attributes(bits: int) -> str:
    """The attributes of a call: "0" for none."""
    names = [name for number, name in enumerate(_core.ATTRS) if bits >> number & 1]
    return " | ".join(f"DMA_ATTR_{_ATTRIBUTES.get(name, name)}" for name in names) or "0"


def is_pages(kind: BufferKind | None) -> bool:
    """Whether a buffer is whole pages, which a driver has as struct page."""
    return kind in _PAGES


def page(kind: BufferKind | None, buffer: int, offset: int) -> str:
    """The page of a buffer's byte, and where in it the byte lies: two arguments of a call."""
    if is_pages(kind):
        return f"b{buffer}_page, {offset}"
    at = plus(f"b{buffer}", offset)
    lookup = "vmalloc_to_page" if kind == BufferKind.vmalloc else "page_of"
    return f"{lookup}({at}), offset_in_page({at})"


def is_list(made: Op) -> bool:
    """Whether a mapping has a scatterlist."""
    return made.kind in (OpKind.map_sg, OpKind.alloc_noncontiguous)


def list_of(made: Op) -> str:
    """The scatterlist of a mapping that has one."""
    if made.kind == OpKind.alloc_noncontiguous:
        return f"table{made.mapping}->sgl"
    return f"sg{made.list if made.reuse_list else made.mapping}"


def segments_of(made: Op) -> str:
    """How many segments a device sees of it."""
    return f"table{made.mapping}->nents" if made.kind == OpKind.alloc_noncontiguous else f"mapped{made.mapping}"
