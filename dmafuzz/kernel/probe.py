# SPDX-License-Identifier: GPL-2.0-only
"""Reads a tree's debug.c for what differs between kernels, and writes it as C macros.

Features are found in the source itself, never by version: a patched tree is as good as a released one.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from dmafuzz.kernel.error import KernelError
from dmafuzz.kernel.source import MAPPING_C, SECTIONS_H, Source

_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_HOOK = re.compile(r"^(?:void|int|bool)\s+(debug_dma_\w+)\s*\(([^)]*)\)\s*\{", re.MULTILINE)
_INCLUDE = re.compile(r"^\s*#\s*include\s*<([^>]+)>", re.MULTILINE)
_TRACE = re.compile(r"(\w+)\s*\[\s*DMA_DEBUG_STACKTRACE_ENTRIES\s*\]\s*;")
_DEPOT = re.compile(r"\bdepot_stack_handle_t\s+(\w+)\s*;")
_LINES = re.compile(r"RADIX_TREE\(dma_active_cacheline\b.*\bto_cacheline_number\(struct dma_debug_entry \*", re.DOTALL)
_ERROR_COUNT = re.compile(r"^static u32 error_count;", re.MULTILINE)
_TABLE = re.compile(r"struct\s+hash_bucket\s+dma_entry_hash\s*\[\s*HASH_SIZE\s*\]")

# Up to 4.17 the architecture's code says how many entries there are to be.
_INIT_WITH_COUNT = re.compile(r"^void\s+dma_debug_init\s*\(\s*u32\b", re.MULTILINE)

# assert-idle keeps the lines of a page in a static array, whose size must be a constant.
_SIZED_BY_LINE = re.compile(r"^\s*static\b[^;(]*\[\s*CACHELINES_PER_PAGE\s*\]\s*;", re.MULTILINE)
_ATTRIBUTE = re.compile(r"\bDMA_ATTR_\w+")

# The functions that walk, and the digests of what they were in kernels whose walk dk/walk.h shortens: 6.0 to 7.3.
_WALK = (
    "hash_fn",
    "get_hash_bucket",
    "put_hash_bucket",
    "containing_match",
    "__hash_bucket_find",
    "bucket_find_contain",
)
_KNOWN_WALKS = {"47e22da833db06908e052b1a54add5f39f4512e75411f9583f331fb96e4a3b9d"}

# Called by no code.
_NOT_PROBED = {"debug_dma_dump_mappings"}

# A parameter is known by its type where that is telling, otherwise by its name.
_BY_TYPE = (
    (re.compile(r"struct\s+device\s*\*"), "dev"),
    (re.compile(r"struct\s+page\s*\*"), "page"),
    (re.compile(r"struct\s+scatterlist\s*\*"), "sg"),
    (re.compile(r"\bvoid\s*\*"), "virt"),
    (re.compile(r"\bphys_addr_t\b"), "phys"),
    (re.compile(r"\bdma_addr_t\b"), "dma"),
    (re.compile(r"\bbool\b"), "single"),
    (re.compile(r"\benum\s+dma_data_direction\b"), "direction"),
)
_BY_NAME = {
    "offset": "offset",
    "size": "size",
    "len": "size",
    "direction": "direction",
    "dir": "direction",
    "attrs": "attrs",
    "nents": "nents",
    "nelems": "nents",
    "mapped_ents": "mapped",
}


def without_comments(text: str) -> str:
    return _COMMENT.sub(" ", text)


def included_headers(text: str) -> list[str]:
    return _INCLUDE.findall(without_comments(text))


def needs_fixed_line(source: Source) -> bool:
    """Must the machine's L1 line be a constant?"""
    return bool(_SIZED_BY_LINE.search(without_comments(source.code())))


def probe(source: Source, l1_shift: int | None = None) -> str:
    """The generated header of a tree; it comes before the stand-ins.

    l1_shift is the binary logarithm of the machine's L1 line, for kernels whose code needs it as a constant.
    """
    code = without_comments(source.code())
    lines = [line for name, parameters in _hooks(source, code).items() for line in _macros(source, name, parameters)]
    if not re.search(r"#\s*define\s+pr_fmt", code):
        lines.append("#define pr_fmt(format_) format_")
    if _intersects_the_old_way(source):
        lines.append("#define DK_OLD_INTERSECTS 1")
    if _TABLE.search(code):
        lines.append("#define DK_HAS_TABLE 1")
    if _LINES.search(code):
        lines.append("#define DK_HAS_LINES 1")
    if _ERROR_COUNT.search(code):
        lines.append("#define DK_HAS_ERROR_COUNT 1")
    if l1_shift is not None:
        lines.append(f"#define DK_FIXED_L1_SHIFT {l1_shift}")
    if _walks_as_known(code):
        lines.append("#define DK_KNOWN_WALK 1")
    if _INIT_WITH_COUNT.search(code):
        lines.append("#define DK_INIT_WITH_COUNT 1")
    if _checks_resources(source):
        lines.append("#define DK_HAS_RESOURCE_CHECK 1")
    if _rounds_allocations(source):
        lines.append("#define DK_ROUNDS_ALLOCATIONS 1")
    lines.append(_trace_member(source, code))
    return "\n".join(lines) + "\n"


def define_attributes(source: Source, stand_in: Path) -> str:
    """Attributes that are newer than the stand-ins: bits of their own, which no program gives."""
    code = without_comments(source.code())
    ours = (stand_in / "linux" / "dma-mapping.h").read_text(encoding="utf-8")
    known = set(_ATTRIBUTE.findall(ours)) | set(re.findall(r"#\s*define\s+(\w+)", code))
    unknown = sorted(set(_ATTRIBUTE.findall(code)) - known)
    return "".join(f"#define {name} (1UL << {32 + bit})\n" for bit, name in enumerate(unknown))


def _hooks(source: Source, code: str) -> dict[str, str]:
    hooks = {name: parameters for name, parameters in _HOOK.findall(code) if name not in _NOT_PROBED}
    if "debug_dma_map_sg" not in hooks:
        raise KernelError(f"{source.debug_c}: does not define debug_dma_map_sg: not dma-debug as known here")
    return hooks


def _macros(source: Source, name: str, parameters: str) -> list[str]:
    arguments = ", ".join(f"(a)->{_argument(source, name, p.strip())}" for p in parameters.split(","))
    return [f"#define DK_HAS_{name} 1", f"#define DK_CALL_{name}(a) {name}({arguments})"]


def _argument(source: Source, function: str, parameter: str) -> str:
    for pattern, field in _BY_TYPE:
        if pattern.search(parameter):
            return field
    word = parameter.rsplit(maxsplit=1)[-1].lstrip("*") if parameter else ""
    if word in _BY_NAME:
        return _BY_NAME[word]
    raise KernelError(f"{source.debug_c}: {function} has a parameter unknown here: '{parameter}'")


def _trace_member(source: Source, code: str) -> str:
    """Entries keep the trace itself, or a number for it."""
    if found := _TRACE.search(code):
        return f"#define DK_TRACE_MEMBER {found.group(1)}"
    if found := _DEPOT.search(code):
        return f"#define DK_DEPOT_MEMBER {found.group(1)}"
    raise KernelError(f"{source.debug_c}: entries have no stack trace, by which warnings find their entry")


def _walks_as_known(code: str) -> bool:
    """Is a sync's walk through the buckets, with all that it calls, to the letter what dk/walk.h knows?"""
    bodies = [re.search(rf"^[\w \t*\n]*\b{name}\([^{{;]*\)[^{{;]*\{{.*?^\}}", code, re.M | re.S) for name in _WALK]
    text = "\n".join(" ".join(body.group().split()) if body else "" for body in bodies)
    return bool(_TABLE.search(code)) and hashlib.sha256(text.encode()).hexdigest() in _KNOWN_WALKS


def _intersects_the_old_way(source: Source) -> bool:
    """Up to 5.19 memory_intersects() tested whether either end of the range lies in the section."""
    text = without_comments(source.text(SECTIONS_H))
    body = re.search(r"memory_intersects\([^)]*\)\s*\{(.*?)\n\}", text, re.DOTALL)
    return bool(body and "||" in body.group(1))


def _checks_resources(source: Source) -> bool:
    """From 6.18 on and until dma-debug itself did it, dma_map_resource() warned of RAM under dma-debug's option."""
    body = re.search(r"\bdma_map_resource\([^)]*\)\s*\{(.*?)\n\}", without_comments(source.text(MAPPING_C)), re.DOTALL)
    return bool(body and re.search(r"CONFIG_DMA_API_DEBUG\b.*\bpfn_valid", body.group(1), re.DOTALL))


def _rounds_allocations(source: Source) -> bool:
    """Up to 5.12 dma_alloc_pages() told dma-debug the size of whole pages, later the size that was asked for."""
    body = re.search(r"\bdma_alloc_pages\([^)]*\)\s*\{(.*?)\n\}", without_comments(source.text(MAPPING_C)), re.DOTALL)
    return bool(body and re.search(r"=\s*PAGE_ALIGN\(size\).*debug_dma_map_page", body.group(1), re.DOTALL))
