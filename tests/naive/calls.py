# SPDX-License-Identifier: GPL-2.0-only
"""The DMA API. docs/spec/coherency.md §4 and §5, docs/spec Choices ("Mapping and calls"); kernel/dma/direct.c,
drivers/iommu/dma-iommu.c of 6.12."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .addresses import NOWHERE, Page
from .inputs import DIRECTIONS, PAGE, SKIP_CPU_SYNC, Op
from .machine import Machine
from .mappings import Area, Mapping, ScatterList
from .placement import kmalloc_bucket, round_up

STREAMING = ("map_single", "map_page", "map_sg")


@dataclass(frozen=True)
class Arguments:
    """The arguments of a call that names a mapping: those of its map, unless given."""

    device: int
    direction: str
    attrs: int
    offset: int = 0
    size: int | None = None
    count: int | None = None
    cpu_offset: int = 0
    cpu: int = 0
    address: int | None = None  # a DMA address that was handed over by value, when the call began

    @property
    def skip(self) -> bool:
        """Whether the caller syncs by hand."""
        return bool(self.attrs & SKIP_CPU_SYNC)


def arguments(mapping: Mapping, op: Op | None = None) -> Arguments:
    """Those of an operation, or the correct ones."""
    if op is None:
        return Arguments(mapping.device, mapping.direction, mapping.attrs)
    return Arguments(
        device=op.device if op.given_device else mapping.device,
        direction=op.direction.name if op.given_direction else mapping.direction,
        attrs=op.attrs if op.given_attrs else mapping.attrs,
        offset=op.offset,
        size=op.size if op.given_size else None,
        count=op.count if op.given_count else None,
        cpu_offset=op.cpu_offset,
        cpu=op.cpu,
    )


class Calls(Machine):
    """The DMA API of a platform. `flushes`: a lazy IOMMU is flushed before each map."""

    flushes = False

    # Bouncing.

    def kmalloc_unsafe(self, device: int, length: int, direction: str) -> bool:
        """dma_kmalloc_needs_bounce()."""
        platform = self.platform
        if not platform.bounce_unaligned or platform.devices[device].coherent or direction == "to_device":
            return False
        bucket = kmalloc_bucket(length, 8)
        return length < 2 * platform.dma_alignment_min and bucket is not None and bucket % platform.dma_alignment != 0

    def above_mask(self, device: int, area: Area) -> bool:
        """Whether the device cannot reach all of the area."""
        mask = (1 << self.platform.devices[device].mask_bits) - 1
        return area.cpu_address < NOWHERE and area.cpu_address + area.length - 1 > mask

    def _take_slots(self, mapping: Mapping, area: Area, args: Arguments, iommu: bool) -> bool:
        """Slots for an area, and its bytes in them."""
        coherent = self.platform.devices[mapping.device].coherent
        area.stay = self.pool.take(args.cpu, area.length, area.cpu_address, mapping.index, not coherent, iommu)
        if area.stay is None:
            return False
        for run in area.runs:
            start = area.cpu_address + run.first - area.runs[0].first
            if self.at_home(run.birth, start):  # what arithmetic takes along besides is not kept track of
                self.cover(area.stay, start, start + run.count)
        copies = mapping.direction != "from_device" or self.platform.copy_in_from_device
        if copies and (not args.skip or self.platform.skip_sync_copies_in):
            self.bounce(area.stay.address, area.length, back=False)
        return True

    # Map.

    def map(self, mapping: Mapping, args: Arguments, fails: bool = False) -> bool:
        """Map all areas; whether that went well. A map that fails may have changed addresses, and lines."""
        self.mappings[mapping.index] = mapping
        if mapping.kind == "map_sg" and not self.platform.list_keeps_bounce_mark:
            mapping.scatter.marked = False
        for area in mapping.areas:
            area.stay = None
        if fails:
            mapping.areas[0].dma_address = NOWHERE
            return False
        if self.addresses.behind_iommu(mapping.device):
            if self.flushes:
                self.addresses.domains[mapping.device].flush(args.cpu)
            return self._map_translated(mapping, args)
        return self._map_direct(mapping, args)

    def _map_direct(self, mapping: Mapping, args: Arguments) -> bool:
        for number, area in enumerate(mapping.areas):
            if not self._direct(mapping, area, args):
                area.dma_address = NOWHERE
                for before in mapping.areas[:number]:
                    if before.stay:
                        self.release(before.dma_address, before.dma_length)
                return False
            area.dma_length = area.length
        self._place(mapping, merging=False)
        return True

    def _direct(self, mapping: Mapping, area: Area, args: Arguments) -> bool:
        """dma_direct_map_page(), dma_direct_map_resource(), or an allocation."""
        device, direction = mapping.device, mapping.direction
        area.dma_address = area.cpu_address
        if mapping.kind == "map_resource":
            return not self.above_mask(device, area)
        if mapping.kind not in STREAMING:
            return True
        high = self.above_mask(device, area)
        if self.platform.bounce_always or high or self.kmalloc_unsafe(device, area.length, direction):
            if not self._take_slots(mapping, area, args, iommu=False):
                return False
            assert area.stay is not None
            area.dma_address = area.stay.address
        if not args.skip:
            at = area.dma_address if area.dma_address < NOWHERE else None
            self.maintain(device, at, area.length, self.platform.for_device[DIRECTIONS[direction]].name)
        return True

    # Map, behind an IOMMU.

    def _map_translated(self, mapping: Mapping, args: Arguments) -> bool:
        device, direction = mapping.device, mapping.direction
        what = self.platform.for_device[DIRECTIONS[direction]].name
        if mapping.kind != "map_sg":
            (area,) = mapping.areas
            address = self._translated_page(mapping, area, args)
            area.dma_address, area.dma_length = (NOWHERE, 0) if address is None else (address, area.length)
            if address is not None:
                self._place(mapping, merging=False)
            return address is not None
        if any(self.kmalloc_unsafe(device, area.length, direction) for area in mapping.areas):
            mapping.scatter.marked = True
            return self._translated_one_by_one(mapping, args)
        if not args.skip:
            for area in mapping.areas:
                if mapping.scatter.marked:
                    self._sync_for_device(device, area.dma_address, area.length, direction)
                else:
                    self.maintain(device, physical(area), area.length, what)
        starts = self._iova(mapping, args, self._chunks(mapping))
        for area in mapping.areas:
            area.dma_address, area.dma_length = NOWHERE, 0
        if starts is None:
            return False
        for area, start in zip(mapping.areas, starts, strict=True):
            area.dma_address = start
        self._place(mapping, merging=True)
        return True

    def _translated_one_by_one(self, mapping: Mapping, args: Arguments) -> bool:
        """iommu_dma_map_sg_swiotlb()."""
        for number, area in enumerate(mapping.areas):
            address = self._translated_page(mapping, area, args)
            area.dma_address = NOWHERE if address is None else address
            if address is None:
                skipping = Arguments(args.device, args.direction, args.attrs | SKIP_CPU_SYNC, cpu=args.cpu)
                for before in mapping.areas[:number]:
                    self._unmap_page(skipping, before.dma_address, before.dma_length)
                return False
            area.dma_length = area.length
        self._place(mapping, merging=False)
        return True

    def _translated_page(self, mapping: Mapping, area: Area, args: Arguments) -> int | None:
        """iommu_dma_map_page(), iommu_dma_map_resource(), or an allocation: the DMA address."""
        device, direction = mapping.device, mapping.direction
        streaming = mapping.kind in STREAMING
        at = physical(area)
        odd = (area.cpu_address | area.length) % PAGE != 0
        if streaming and odd and self.kmalloc_unsafe(device, area.length, direction):
            if not self._take_slots(mapping, area, args, iommu=True):
                return None
            assert area.stay is not None
            at = area.stay.address
        maintains = streaming and not args.skip
        # Before 5.16 a map that is refused maintains nothing; platforms of 5.11 stand for what is newer, too.
        if maintains and self.platform.iommu_looks_first:
            self.maintain(device, at, area.length, self.platform.for_device[DIRECTIONS[direction]].name)
        start = area.cpu_address if area.stay is None else area.stay.address
        listed = area.buffer.listed and mapping.kind.startswith("alloc")
        starts = self._iova(mapping, args, self._listed(area) if listed else [[(start, area.length)]])
        if starts is None:
            if area.stay:
                if direction != "to_device" and not args.skip:
                    self.bounce(area.stay.address, area.length, back=True)
                self.release(area.stay.address, area.length)
            return None
        if maintains and not self.platform.iommu_looks_first:
            self.maintain(device, at, area.length, self.platform.for_device[DIRECTIONS[direction]].name)
        return starts[0]

    def _listed(self, area: Area) -> list[list[tuple[int, int]]]:
        """An allocation of single pages: side by side for the device."""
        return [[(page, PAGE)] for page in area.buffer.birth]

    def _chunks(self, mapping: Mapping) -> list[list[tuple[int, int]]]:
        """A list's areas, those that go on physically together."""
        chunks: list[list[tuple[int, int]]] = []
        after = None
        for area in mapping.areas:
            first = area.cpu_address // PAGE * PAGE
            if after == first:
                chunks[-1].append((area.cpu_address, area.length))
            else:
                chunks.append([(area.cpu_address, area.length)])
            after = round_up(area.cpu_address + area.length, PAGE)
        return chunks

    def _iova(self, mapping: Mapping, args: Arguments, chunks: list[list[tuple[int, int]]]) -> list[int] | None:
        """Give (physical address, size) an IOVA, each rounded out to pages; the address of each."""
        both = mapping.kind == "alloc_noncontiguous"  # __iommu_dma_alloc_noncontiguous(): DMA_BIDIRECTIONAL
        reads = both or mapping.device_reads or not self.platform.iommu_write_only
        writes = both or mapping.device_writes
        starts: list[int] = []
        tables: list[list[Page]] = []
        for chunk in chunks:
            tables.append([])
            for start, size in chunk:
                starts.append(sum(map(len, tables)) * PAGE + start % PAGE)
                first = start // PAGE * PAGE
                for page in range((round_up(start + size, PAGE) - first) // PAGE):
                    address = None if start >= NOWHERE else first + page * PAGE
                    tables[-1].append(Page(address, reads, writes))
        domain = self.addresses.domains[mapping.device]
        pages = sum(map(len, tables))
        iova = domain.allocate(args.cpu, pages)
        if iova == 0:  # taken for a failure (__iommu_dma_map())
            return None
        if not domain.map(iova, tables):
            domain.free(args.cpu, iova, pages)
            return None
        return [iova * PAGE + start for start in starts]

    def _place(self, mapping: Mapping, merging: bool) -> None:
        """Pieces and spans of the mapping; behind an IOMMU the entries of a list may merge into segments."""
        segments: list[list[int]] = []  # address, length
        device = self.platform.devices[mapping.device]
        first, previous_end = 0, 1
        for area in mapping.areas:
            start = area.dma_address
            on_pages = previous_end % PAGE == 0 and area.cpu_address % PAGE == 0 and start & device.segment_boundary
            if merging and segments and on_pages and self._joins(device.segment_max, segments[-1][1], area.length):
                segments[-1][1] += area.length
            else:
                segments.append([start, area.length])
            limit = self._reach_of_segment(mapping, segments[-1][0])
            if limit is not None:
                limit = min(first + max(limit - start, 0), first + area.count)
                mapping.cut_off.add(limit, first + area.count)
            translated = self.addresses.behind_iommu(mapping.device) and area.stay is None
            mapping.add_pieces(area, first, start, limit, translated)
            mapping.spans.append((first, area.count, start))
            first += area.count
            previous_end = area.cpu_address + area.length
        if merging:
            for number, area in enumerate(mapping.areas):
                area.dma_address, area.dma_length = segments[number] if number < len(segments) else (NOWHERE, 0)
        self.register(mapping)

    def _joins(self, longest: int, so_far: int, more: int) -> bool:
        """__finalise_sg(): max_len - cur_len >= s_length in 32 bits; before 5.4 cur_len + s_length <= max_len."""
        if self.platform.iommu_room_wraps:
            return (longest - so_far) % 2**32 >= more
        return so_far + more <= longest

    def _reach_of_segment(self, mapping: Mapping, start: int) -> int | None:
        """The address at which a truncating or wrapping device leaves a segment of a list."""
        device = self.platform.devices[mapping.device]
        ends = []
        if mapping.kind == "map_sg" and device.truncates:
            ends.append(start + device.segment_max)
        if mapping.kind == "map_sg" and device.wraps:
            ends.append((start | device.segment_boundary) + 1)
        return min(ends, default=None)

    def void(self, mapping: Mapping) -> None:
        """An unchecked map that has failed leads nowhere."""
        first = 0
        for area in mapping.areas:
            mapping.add_pieces(area, first, None)
            first += area.count
        self.register(mapping)

    # Hand-over.

    def hand_over(self, mapping: Mapping, first: int, end: int) -> None:
        """The device owns it from here on."""
        if mapping.live:
            if not mapping.joint:
                mapping.owned.add(first, end)
            self.aim(mapping)
            for event in mapping.events("handed_over", first, end):
                self.emit(event)

    def _give_back(self, mapping: Mapping, first: int, end: int) -> None:
        for name in ("noticed",) if mapping.joint else ("noticed", "given_back"):
            for event in mapping.events(name, first, end):
                self.emit(event)
        if not mapping.joint:
            mapping.owned.remove(first, end)

    # Sync.

    def sync(self, mapping: Mapping, args: Arguments, kind: str) -> None:
        """dma_sync_*: what the machine does, and then who owns what."""
        to_device = kind.endswith("for_device")
        sg = kind.startswith("sync_sg")
        act = self._sync_for_device if to_device else self._sync_for_cpu
        if sg:
            iommu = self.addresses.behind_iommu(args.device)
            chosen = self._list_for(mapping, args)
            table = self.platform.for_device if to_device else self.platform.for_cpu
            for area in chosen.areas if args.count is None else chosen.areas[: args.count]:
                if iommu and not chosen.marked:
                    self.maintain(args.device, physical(area), area.length, table[DIRECTIONS[args.direction]].name)
                else:
                    act(args.device, area.dma_address, area.length, args.direction)
        else:
            act(args.device, self.call_address(mapping, args), self.call_size(mapping, args), args.direction)
        if mapping.live:
            for first, end in self._moved(mapping, args, sg):
                if to_device:
                    self.hand_over(mapping, first, end)
                else:
                    self._give_back(mapping, first, end)

    def _sync_for_device(self, device: int, address: int, size: int, direction: str) -> None:
        at = self._reached(device, address)
        if direction != "from_device" or self.platform.sync_from_device_copies_in:
            self.bounce(at, size, back=False)
        self.maintain(device, at, size, self.platform.for_device[DIRECTIONS[direction]].name)

    def _sync_for_cpu(self, device: int, address: int, size: int, direction: str) -> None:
        at = self._reached(device, address)
        self.maintain(device, at, size, self.platform.for_cpu[DIRECTIONS[direction]].name)
        if direction != "to_device":
            self.bounce(at, size, back=True)

    def _reached(self, device: int, address: int) -> int | None:
        """The physical address that a sync acts on. Behind an IOMMU nothing is done for a coherent device."""
        if self.addresses.behind_iommu(device) and self.platform.devices[device].coherent:
            return None
        return self.addresses.physical(device, address)

    def _list_for(self, mapping: Mapping, args: Arguments) -> ScatterList:
        """The list that a call is given: the mapping's, or one of one entry that the driver makes."""
        if mapping.is_list:
            return mapping.scatter
        area = mapping.areas[0]
        at, size = self.call_address(mapping, args), self.call_size(mapping, args)
        return ScatterList([Area(area.buffer, size, area.cpu_address + args.offset, [], size, at, size)])

    def call_address(self, mapping: Mapping, args: Arguments) -> int:
        """The DMA address of a call."""
        if args.address is not None:
            return args.address
        address = mapping.areas[0].dma_address if mapping.is_list else mapping.dma_address(0)
        if mapping.failed and args.offset:  # DMA_MAPPING_ERROR is the last address of all
            return args.offset - 1
        return address + args.offset

    def call_size(self, mapping: Mapping, args: Arguments) -> int:
        """The size of a call."""
        if args.size is not None:
            return args.size
        return mapping.areas[0].dma_length if mapping.is_list else mapping.size

    def _moved(self, mapping: Mapping, args: Arguments, sg: bool) -> Iterator[tuple[int, int]]:
        """The ranges of the mapping that a sync moves: what lies in both."""
        if sg and mapping.is_list:
            count = len(mapping.areas) if args.count is None else args.count
            yield 0, sum(area.count for area in mapping.areas[:count])
            return
        if sg and args.count == 0:
            return
        size = mapping.areas[0].count if args.size is None else args.size  # of a list: the first entry
        end = min(args.offset + size, mapping.areas[0].count)
        if args.offset < end:
            yield args.offset, end

    # Unmap and free.

    def end(self, mapping: Mapping, args: Arguments, kind: str) -> None:
        """dma_unmap_* and dma_free_*. The caller frees the memory of an allocation."""
        address, size = self.call_address(mapping, args), self.call_size(mapping, args)
        iommu = self.addresses.behind_iommu(args.device)
        if kind == "unmap_sg":
            self._unmap_sg(mapping, args, iommu)
        elif kind in ("unmap_single", "unmap_page"):
            self._unmap_page(args, address, size)
        elif kind == "free_noncoherent":
            if iommu:
                skipping = Arguments(args.device, args.direction, args.attrs | SKIP_CPU_SYNC, cpu=args.cpu)
                # From 5.10 on through dma_free_pages(), which rounds the size; looking first came at about that time.
                whole = round_up(size, PAGE) if self.platform.iommu_looks_first else size
                self._unmap_page(skipping, address, whole)
        elif iommu and address < NOWHERE:
            self.addresses.domains[args.device].end(args.cpu, address, size)
        self.finish(mapping)

    def _unmap_page(self, args: Arguments, address: int, size: int) -> None:
        """dma_direct_unmap_page(), iommu_dma_unmap_page()."""
        at = self.addresses.physical(args.device, address)
        iommu = self.addresses.behind_iommu(args.device)
        if address >= NOWHERE or (iommu and self._nothing(args.device, address) and self.platform.iommu_looks_first):
            return
        if not args.skip:
            self.maintain(args.device, at, size, self.platform.for_cpu[DIRECTIONS[args.direction]].name)
        if iommu:
            self.addresses.domains[args.device].end(args.cpu, address, size)
        if not args.skip and args.direction != "to_device":
            self.bounce(at, size, back=True)
        self.release(at, size)

    def _nothing(self, device: int, address: int) -> bool:
        """Whether nothing is mapped at an address."""
        return address // PAGE not in self.addresses.domains[device].table

    def _unmap_sg(self, mapping: Mapping, args: Arguments, iommu: bool) -> None:
        chosen = self._list_for(mapping, args)
        areas = chosen.areas if args.count is None else chosen.areas[: args.count]
        if not iommu or chosen.marked:
            for area in areas:
                self._unmap_page(args, area.dma_address, area.dma_length)
            return
        if not args.skip:
            for area in areas:
                what = self.platform.for_cpu[DIRECTIONS[args.direction]].name
                self.maintain(args.device, physical(area), area.length, what)
        end = None
        for area in areas:
            if area.dma_length == 0:
                break
            end = area.dma_address + area.dma_length
        if end is not None and areas[0].dma_address < NOWHERE:
            start = areas[0].dma_address
            self.addresses.domains[args.device].end(args.cpu, start, max(end - start, 0))

    def finish(self, mapping: Mapping, noticed: bool = True) -> None:
        """The CPU owns the whole range again."""
        if mapping.live:
            if noticed:
                self._give_back(mapping, 0, mapping.size)
            mapping.live = False
            mapping.pending = None
            mapping.owned.remove(0, mapping.size)
            for event in mapping.events("ended", 0, mapping.size):
                self.emit(event)


def physical(area: Area) -> int | None:
    """Where an area lies; None: somewhere that nobody knows."""
    return area.cpu_address if area.cpu_address < NOWHERE else None
