# SPDX-License-Identifier: GPL-2.0-only
"""Each operation as the calls of the kernel's API that it stands for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from dmafuzz import _core
from dmafuzz._core import BufferKind, Op, OpKind
from dmafuzz.program import render_op

from .errors import ExportError
from .names import DIRECTIONS, attributes, is_list, is_pages, list_of, page, plus

_PAGE_BYTES = _core.PAGE_BYTES
_NO_MEMORY, _NO_MAPPING = "-ENOMEM", "-EIO"
_REGISTERS = "0xfed40000"  # no RAM on any PC, and nothing is read or written there
_KERNELS_OWN = (BufferKind.text, BufferKind.rodata)
_NOTHING = {
    OpKind.start: "/* The driver tells the device to go. */",
    OpKind.forget: "/* The driver never ends it. */",
}


class Facts:
    """What the lines of a program refer to: where each buffer and mapping comes from."""

    def __init__(self, ops: Sequence[Op]) -> None:
        self.kinds = {op.buffer: op.buffer_kind for op in ops if op.kind == OpKind.alloc}
        self.sizes = {op.buffer: op.size for op in ops if op.kind == OpKind.alloc}
        self.made = {op.mapping: op for op in ops if _core.traits(op.kind).defines_mapping}

    def declarations(self) -> Iterator[str]:
        """The variables."""
        for buffer, kind in self.kinds.items():
            yield f"static phys_addr_t b{buffer};" if kind == BufferKind.mmio else f"static u8 *b{buffer};"
            if is_pages(kind):
                yield f"static struct page *b{buffer}_page;"
        for mapping, op in self.made.items():
            if _core.traits(op.kind).defines_buffer:
                yield f"static u8 *b{op.buffer};"
            if op.kind == OpKind.map_sg:
                if not op.reuse_list:
                    yield f"static struct scatterlist sg{mapping}[{op.entry_count}];"
                yield f"static int mapped{mapping};"
            elif op.kind == OpKind.alloc_noncontiguous:
                yield f"static struct sg_table *table{mapping};"
            else:
                yield f"static dma_addr_t m{mapping};"

    def stacks(self) -> Iterator[str]:
        """Buffers that lie on the stack of the function that uses them."""
        for buffer, kind in self.kinds.items():
            if kind == BufferKind.stack:
                yield f"\tu8 b{buffer}_on_stack[{self.sizes[buffer]}];"

    def has_stack(self) -> bool:
        return BufferKind.stack in self.kinds.values()

    def lines(self, number: int, op: Op, tag: int, atomic: bool, undo: Callable[[], list[str]]) -> list[str]:
        """The C of one operation. ``undo``: what a driver does before it gives up. Raises ExportError."""
        gfp = "GFP_ATOMIC" if atomic else "GFP_KERNEL"
        if op.kind in _NOTHING:
            return [_NOTHING[op.kind]]
        if op.kind == OpKind.alloc:
            return self._alloc(number, op, tag, gfp, undo)
        if op.kind == OpKind.free:
            return self.free(op.buffer)
        if op.kind in (OpKind.write, OpKind.dirty):
            return [f"memset({plus(f'b{op.buffer}', op.offset)}, {tag}, {op.size});"]
        if op.kind == OpKind.read:
            return []
        if op.kind == OpKind.cow:
            return self._cow(number, op)
        if op.kind == OpKind.unbind:
            return [f"device_release_driver(d{op.device});"]
        if _core.traits(op.kind).defines_mapping:
            return self._make(op, tag, gfp, undo)
        made = self.made[op.mapping]
        if op.kind == OpKind.mapping_error:
            failed = f"dma_mapping_error(d{made.device}, m{op.mapping})"
            return [] if is_list(made) else _give_up(failed, _NO_MAPPING, undo)
        if op.kind.name.startswith("sync_"):
            return self._sync(number, op, made)
        return self.end(op, op.kind, made, number)

    def _alloc(self, number: int, op: Op, tag: int, gfp: str, undo: Callable[[], list[str]]) -> list[str]:
        name, kind = f"b{op.buffer}", op.buffer_kind
        if kind in _KERNELS_OWN:
            raise ExportError(f"op {number} ({render_op(op)}): no module can name the kernel's own {kind.name}")
        if kind == BufferKind.mmio:
            return [f"{name} = {_REGISTERS};     /* stands for registers: nothing is accessed there */"]
        fill = f"memset({name}, {tag}, {op.size});"
        if kind == BufferKind.stack:
            return [f"{name} = {name}_on_stack;", fill]
        if is_pages(kind):
            lines = [f"{name}_page = alloc_pages({gfp}, get_order({op.size}));"]
            return [*lines, *_give_up(f"!{name}_page", _NO_MEMORY, undo), f"{name} = page_address({name}_page);", fill]
        call = f"kmalloc({op.size}, {gfp})" if kind == BufferKind.kmalloc else f"vmalloc({op.size})"
        return [f"{name} = {call};", *_give_up(f"!{name}", _NO_MEMORY, undo), fill]

    def free(self, buffer: int) -> list[str]:
        """Gives an allocation back."""
        kind, name = self.kinds[buffer], f"b{buffer}"
        if is_pages(kind):
            return [f"__free_pages({name}_page, get_order({self.sizes[buffer]}));"]
        if kind in (BufferKind.kmalloc, BufferKind.vmalloc):
            return [f"{'kfree' if kind == BufferKind.kmalloc else 'vfree'}({name});"]
        return []

    def _cow(self, number: int, op: Op) -> list[str]:
        name = f"b{op.buffer}"
        if op.private or self.kinds[op.buffer] != BufferKind.anonymous:
            return ["/* The other side gets the copy: the page stays. */"]
        if self.sizes[op.buffer] > _PAGE_BYTES:
            raise ExportError(f"op {number} ({render_op(op)}): one page of several moves, and its CPU address with it")
        return [
            "/* The owner moves to a copy, and the old page is given away. */",
            f"{name}_page = alloc_page(GFP_KERNEL | __GFP_NOFAIL);",
            f"copy_page(page_address({name}_page), {name});",
            f"free_page((unsigned long){name});",
            f"{name} = page_address({name}_page);",
        ]

    def _make(self, op: Op, tag: int, gfp: str, undo: Callable[[], list[str]]) -> list[str]:
        if op.kind == OpKind.map_sg:
            return self._map_sg(op, undo)
        if _core.traits(op.kind).defines_buffer:
            return self._allocate(op, tag, gfp, undo)
        lines = [f"m{op.mapping} = {self._map(op)};"]
        if op.unchecked:
            return lines
        return [*lines, *_give_up(f"dma_mapping_error(d{op.device}, m{op.mapping})", _NO_MAPPING, undo)]

    def _map(self, op: Op) -> str:
        kind, direction = self.kinds.get(op.buffer), DIRECTIONS[op.direction]
        plain = op.attrs == 0
        end = f"{op.size}, {direction}" + ("" if plain else f", {attributes(op.attrs)}")
        if op.kind == OpKind.map_single:
            name = "dma_map_single" if plain else "dma_map_single_attrs"
            return f"{name}(d{op.device}, {plus(f'b{op.buffer}', op.offset)}, {end})"
        if op.kind == OpKind.map_page:
            name = "dma_map_page" if plain else "dma_map_page_attrs"
            return f"{name}(d{op.device}, {page(kind, op.buffer, op.offset)}, {end})"
        address = plus(f"b{op.buffer}", op.offset)
        where = address if kind == BufferKind.mmio else f"virt_to_phys({address})"
        return f"dma_map_resource(d{op.device}, {where}, {op.size}, {direction}, {attributes(op.attrs)})"

    def _map_sg(self, op: Op, undo: Callable[[], list[str]]) -> list[str]:
        name, lines = list_of(op), []
        count = self.made[op.list].entry_count if op.reuse_list else op.entry_count
        if not op.reuse_list:
            lines.append(f"sg_init_table({name}, {count});")
            for number, entry in enumerate(op.entries):
                where, offset = page(self.kinds.get(entry.buffer), entry.buffer, entry.offset).split(", ", 1)
                lines.append(f"sg_set_page(&{name}[{number}], {where}, {entry.size}, {offset});")
        plain = op.attrs == 0
        end = DIRECTIONS[op.direction] + ("" if plain else f", {attributes(op.attrs)}")
        call = f"dma_map_sg{'' if plain else '_attrs'}(d{op.device}, {name}, {count}, {end})"
        lines.append(f"mapped{op.mapping} = {call};")
        return lines if op.unchecked else [*lines, *_give_up(f"!mapped{op.mapping}", _NO_MAPPING, undo)]

    def _allocate(self, op: Op, tag: int, gfp: str, undo: Callable[[], list[str]]) -> list[str]:
        name, device, direction = f"b{op.buffer}", f"d{op.device}", DIRECTIONS[op.direction]
        fill = f"memset({name}, {tag}, {op.size});"
        if op.kind == OpKind.alloc_noncontiguous:
            table = f"table{op.mapping}"
            call = f"dma_alloc_noncontiguous({device}, {op.size}, {direction}, {gfp}, {attributes(op.attrs)})"
            mapped = f"dma_vmap_noncontiguous({device}, {op.size}, {table})"
            return [f"{table} = {call};", *_give_up(f"!{table}", _NO_MEMORY, undo), f"{name} = {mapped};", fill]
        if op.kind == OpKind.alloc_noncoherent:
            call = f"dma_alloc_noncoherent({device}, {op.size}, &m{op.mapping}, {direction}, {gfp})"
        elif op.attrs:
            call = f"dma_alloc_attrs({device}, {op.size}, &m{op.mapping}, {gfp}, {attributes(op.attrs)})"
        else:
            call = f"dma_alloc_coherent({device}, {op.size}, &m{op.mapping}, {gfp})"
        return [f"{name} = {call};", *_give_up(f"!{name}", _NO_MEMORY, undo), fill]

    def _sync(self, number: int, op: Op, made: Op) -> list[str]:
        device = f"d{op.device if op.given_device else made.device}"
        direction = DIRECTIONS[op.direction if op.given_direction else made.direction]
        if op.kind in (OpKind.sync_sg_for_cpu, OpKind.sync_sg_for_device):
            listed = self._list(number, op, made)
            return [f"dma_{op.kind.name}({device}, {listed}, {direction});"]
        size = op.size if op.given_size else self._size(made)
        address = self._address(made)
        if op.kind in (OpKind.sync_range_for_cpu, OpKind.sync_range_for_device):
            name = op.kind.name.replace("sync_range", "sync_single_range")
            return [f"dma_{name}({device}, {address}, {op.offset}, {size}, {direction});"]
        return [f"dma_{op.kind.name}({device}, {plus(address, op.offset)}, {size}, {direction});"]

    def _address(self, made: Op) -> str:
        return f"sg_dma_address({list_of(made)})" if is_list(made) else f"m{made.mapping}"

    def _size(self, made: Op) -> str:
        return f"sg_dma_len({list_of(made)})" if made.kind == OpKind.map_sg else str(made.size)

    def _list(self, number: int, op: Op, made: Op) -> str:
        if not is_list(made):
            raise ExportError(f"op {number} ({render_op(op)}): m{op.mapping} has no scatterlist")
        if made.kind == OpKind.alloc_noncontiguous:
            return f"{list_of(made)}, {op.count if op.given_count else f'table{made.mapping}->orig_nents'}"
        whole = self.made[made.list].entry_count if made.reuse_list else made.entry_count
        return f"{list_of(made)}, {op.count if op.given_count else whole}"

    def end(self, op: Op, kind: OpKind, made: Op, number: int = 0) -> list[str]:
        """An unmap or a free; with ``op`` the map itself, as a correct driver ends it."""
        own = op is not made
        device = f"d{op.device if own and op.given_device else made.device}"
        direction = DIRECTIONS[op.direction if own and op.given_direction else made.direction]
        attrs = op.attrs if own and op.given_attrs else made.attrs
        size = str(op.size) if own and op.given_size else self._size(made)
        offset = op.offset if own else 0
        if kind == OpKind.unmap_sg:
            listed = self._list(number, op, made)
            return [_with_attrs("dma_unmap_sg", f"{device}, {listed}, {direction}", attrs)]
        address = plus(self._address(made), offset)
        if kind in (OpKind.unmap_single, OpKind.unmap_page):
            return [_with_attrs(f"dma_{kind.name}", f"{device}, {address}, {size}, {direction}", attrs)]
        if kind == OpKind.unmap_resource:
            return [f"dma_unmap_resource({device}, {address}, {size}, {direction}, {attributes(attrs)});"]
        cpu = plus(f"b{made.buffer}", op.cpu_offset if own else 0)
        if kind == OpKind.free_noncontiguous:
            if made.kind != OpKind.alloc_noncontiguous:
                raise ExportError(f"op {number} ({render_op(op)}): m{op.mapping} has no table to free")
            table = f"table{made.mapping}"
            unmap = f"dma_vunmap_noncontiguous({device}, b{made.buffer});"
            return [unmap, f"dma_free_noncontiguous({device}, {size}, {table}, {direction});"]
        if kind == OpKind.free_noncoherent:
            return [f"dma_free_noncoherent({device}, {size}, {cpu}, {address}, {direction});"]
        if attrs:
            return [f"dma_free_attrs({device}, {size}, {cpu}, {address}, {attributes(attrs)});"]
        return [f"dma_free_coherent({device}, {size}, {cpu}, {address});"]


def _with_attrs(name: str, arguments: str, attrs: int) -> str:
    return f"{name}_attrs({arguments}, {attributes(attrs)});" if attrs else f"{name}({arguments});"


def _give_up(condition: str, error: str, undo: Callable[[], list[str]]) -> list[str]:
    lines = undo()
    if not lines:
        return [f"if ({condition})", f"\treturn {error};"]
    return [f"if ({condition}) {{", *(f"\t{line}" for line in lines), f"\treturn {error};", "}"]
