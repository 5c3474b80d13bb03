"""What the DMA API does to memory. coherency.md 4 and 5, ARCHITECTURE.md Choices ("Mapping and calls")."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .addresses import NOWHERE, Addresses, Hit, Slot, Translation
from .events import Event
from .inputs import DIRECTIONS, GRANULE, PAGE, SKIP_CPU_SYNC, Op, Platform
from .mappings import Area, Mapping, Piece
from .placement import kmalloc_bucket

Emit = Callable[[Event], None]


@dataclass(frozen=True)
class Arguments:
    """The arguments of a call that names a mapping: those of its map, unless given."""

    device: int
    direction: str
    attrs: int
    offset: int = 0
    size: int | None = None
    count: int | None = None


def arguments(mapping: Mapping, op: Op | None = None) -> Arguments:
    """Those of an operation, or the correct ones."""
    if op is None:
        return Arguments(mapping.device, mapping.direction, mapping.attrs)
    return Arguments(
        device=op.device if op.given_device else mapping.device,
        direction=op.direction.name if op.given_direction else mapping.direction,
        attrs=op.attrs if op.given_attrs else mapping.attrs,
        offset=op.offset * GRANULE,
        size=op.size * GRANULE if op.given_size else None,
        count=op.count if op.given_count else None,
    )


class Calls:
    """The DMA API of a platform."""

    def __init__(self, platform: Platform, emit: Emit) -> None:
        self.platform = platform
        self.emit = emit
        self.addresses = Addresses(platform)
        self.mappings: dict[int, Mapping] = {}

    # Primitives: cache maintenance and copies.

    def _maintain(self, device: int, start: int, size: int, what: str) -> None:
        """Maintenance of the whole lines of a range; an invalidate is milder on lines covered in part."""
        if self.platform.devices[device].coherent or what == "none" or size <= 0:
            return
        end, inner, edge = start + size, what, what
        if what == "invalidate" and self.platform.edges.name != "drop":
            edge = "clean_invalidate"
            unaligned = start % self.platform.line or end % self.platform.line
            if self.platform.edges.name == "whole_range" and unaligned:
                inner = edge
        self.emit(Event("maintained", start, end, (inner, edge)))

    def _maintain_hit(self, device: int, hit: Hit, size: int, what: str) -> None:
        if hit.slot is None:
            self._maintain(device, hit.physical, size, what)
        elif not self.platform.devices[device].coherent and what != "none":
            self._for_slot("slot_maintained", hit, size, (what,))

    def _for_slot(self, name: str, hit: Hit, size: int, args: tuple[str, ...] = ()) -> None:
        """An event of a slot, for the part of a range that lies in its mapping and is not void."""
        slot = hit.slot
        if slot is None:
            return
        first = slot.origin + hit.physical - slot.address
        for start, end in slot.covered:
            start, stop = max(start, first), min(end, first + size)
            if start < stop:
                self.emit(Event(name, start, stop, args, slot=slot.serial))

    def _for_device(self, device: int, hit: Hit, size: int, direction: str, copy: bool, maintain: bool) -> None:
        """Copy in, then for_device."""
        if copy:
            self._for_slot("copied_in", hit, size)
        if maintain:
            self._maintain_hit(device, hit, size, self.platform.for_device[DIRECTIONS[direction]].name)

    def _for_cpu(self, device: int, hit: Hit, size: int, direction: str) -> None:
        """for_cpu, then copy back."""
        self._maintain_hit(device, hit, size, self.platform.for_cpu[DIRECTIONS[direction]].name)
        if direction != "to_device":
            self._for_slot("copied_back", hit, size)

    # Map.

    def must_bounce(self, device: int, area: Area, direction: str) -> bool:
        """The bounce decision."""
        platform, target = self.platform, self.platform.devices[device]
        if not self.addresses.behind_iommu(device):
            if platform.bounce_always:
                return True
            if self.above_mask(device, area):
                return True
        if not platform.bounce_unaligned or target.coherent or direction == "to_device":
            return False
        bucket = kmalloc_bucket(area.length, 8)
        small = area.length < 2 * platform.dma_alignment_min
        return small and bucket is not None and bucket % platform.dma_alignment != 0

    def above_mask(self, device: int, area: Area) -> bool:
        """Whether the device cannot reach all of the area."""
        mask = (1 << self.platform.devices[device].mask_bits) - 1
        return area.cpu_address < NOWHERE and area.cpu_address + area.length - 1 > mask

    def map(self, mapping: Mapping, bounces: bool, maintains: bool, owned: bool, unchecked: bool) -> None:
        """Map all areas; a mapping that failed and is checked is abandoned, an unchecked one is void."""
        self.mappings[mapping.index] = mapping
        device, iommu = mapping.device, self.addresses.behind_iommu(mapping.device)
        failed_at = None
        for area in mapping.areas:
            area.slot = None
        for number, area in enumerate(mapping.areas):
            if bounces and self.must_bounce(device, area, mapping.direction):
                area.slot = self.addresses.take_slot(area.length, area.cpu_address, mapping.index)
                if area.slot is None:
                    failed_at = number
                    break
            if mapping.kind == "map_resource" and not iommu and self.above_mask(device, area):
                failed_at = number
                break
        if failed_at is not None:
            self._fail(mapping, failed_at, unchecked)
            return
        self._address(mapping)
        self._hand_in(mapping, maintains)
        mapping.owned = [owned] * mapping.size
        if owned and not mapping.joint:
            self._emit_all(mapping.events("handed_over", 0, mapping.size))

    def fail(self, mapping: Mapping, unchecked: bool) -> None:
        """A map that fails before anything else."""
        self.mappings[mapping.index] = mapping
        self._fail(mapping, 0, unchecked)

    def _fail(self, mapping: Mapping, failed_at: int, unchecked: bool) -> None:
        """A map that fails changes addresses only: without an IOMMU the areas before the failing one keep theirs."""
        iommu = self.addresses.behind_iommu(mapping.device)
        for number, area in enumerate(mapping.areas):
            area.dma_address, area.dma_length = NOWHERE, 0 if iommu else area.length
            if not iommu and number < failed_at:
                area.dma_address = area.slot.address if area.slot else area.cpu_address
            if area.slot:
                self.addresses.release(area.slot)
                area.slot = None
        mapping.failed = True
        mapping.live = unchecked
        mapping.abandoned = not unchecked
        mapping.owned = [unchecked] * mapping.size
        if unchecked:
            first = 0
            for area in mapping.areas:
                for piece in mapping.add_pieces(area, first, limit=0):
                    self._register(mapping, piece)
                first += area.count
            self._emit_all(mapping.events("handed_over", 0, mapping.size))

    def _address(self, mapping: Mapping) -> None:
        """Give every area its DMA address; behind an IOMMU the entries of a list may merge into segments."""
        targets = [(area.slot.address if area.slot else area.cpu_address, area.length) for area in mapping.areas]
        starts = [address for address, _ in targets]
        iommu = self.addresses.behind_iommu(mapping.device)
        if iommu:
            # One translation for a list, but entry by entry where any is bounced.
            apart = any(area.slot for area in mapping.areas)
            groups = [[target] for target in targets] if apart else [targets]
            starts = [
                start
                for group in groups
                for start in self.addresses.translate(mapping.device, mapping.index, mapping.direction, group)
            ]
        segments: list[list[int]] = []  # address, length
        merging = iommu and mapping.is_list and not any(area.slot for area in mapping.areas)
        first = 0
        previous_end = 1
        for area, start in zip(mapping.areas, starts, strict=True):
            on_pages = previous_end % PAGE == 0 and area.cpu_address % PAGE == 0
            longest = self.platform.devices[mapping.device].segment_max
            if merging and segments and on_pages and segments[-1][1] + area.length <= longest:
                segments[-1][1] += area.length
            else:
                segments.append([start, area.length])
            limit = self._reach_of_segment(mapping, segments[-1][0])
            if limit is not None:
                limit = min(first + max(limit - start, 0) // GRANULE, first + area.count)
                mapping.cut_off.append((limit, first + area.count))
            mapping.add_pieces(area, first, limit)
            mapping.spans.append((first, area.count, start))
            first += area.count
            previous_end = area.cpu_address + area.length
        for number, area in enumerate(mapping.areas):
            area.dma_address, area.dma_length = segments[number] if number < len(segments) else (NOWHERE, 0)

    def _reach_of_segment(self, mapping: Mapping, start: int) -> int | None:
        """The address at which a truncating or wrapping device leaves a segment of a list."""
        device = self.platform.devices[mapping.device]
        ends = []
        if mapping.kind == "map_sg" and device.truncates:
            ends.append(start + device.segment_max)
        if mapping.kind == "map_sg" and device.wraps:
            ends.append((start | device.segment_boundary) + 1)
        return min(ends, default=None)

    def _hand_in(self, mapping: Mapping, maintains: bool) -> None:
        """The machine's part of map: slots, copies in, maintenance."""
        for piece in mapping.pieces:
            self._register(mapping, piece)
        copies = mapping.direction != "from_device" or self.platform.copy_in_from_device
        skip = bool(mapping.attrs & SKIP_CPU_SYNC)
        for area in mapping.areas:
            hit = Hit(area.slot.address if area.slot else area.cpu_address, area.slot, None)
            self._for_device(
                mapping.device, hit, area.length, mapping.direction, copy=copies, maintain=maintains and not skip
            )

    def _register(self, mapping: Mapping, piece: Piece) -> None:
        """Tell the lines about a piece; a piece in a slot first gets its part of the slot."""
        coherent = self.platform.devices[mapping.device].coherent
        if piece.buffer.kind == "mmio":
            return
        bytes_ = piece.count * GRANULE
        if piece.slot and piece.home is not None:
            piece.slot.covered.append((piece.home, piece.home + bytes_))
            self.emit(Event("slot_taken", piece.home, piece.home + bytes_, (not coherent,),
                            buffer=piece.buffer.name, slot=piece.slot.serial))  # fmt: skip
        self.emit(Event("mapped", piece.birth, piece.birth + bytes_, (mapping.direction, coherent, mapping.joint),
                        other=piece.home, buffer=piece.buffer.name, reach=(mapping.index, piece.number),
                        slot=piece.slot.serial if piece.slot else None))  # fmt: skip

    # Sync, unmap and free.

    def sync(self, mapping: Mapping, args: Arguments, kind: str) -> None:
        """dma_sync_*: what the machine does, and then who owns what."""
        to_device = kind.endswith("for_device")
        copies = args.direction != "from_device" or self.platform.sync_from_device_copies_in
        for hit, size in self._hits(mapping, args, kind.startswith("sync_sg")):
            if to_device:
                self._for_device(args.device, hit, size, args.direction, copy=copies, maintain=True)
            else:
                self._for_cpu(args.device, hit, size, args.direction)
        if not mapping.live:
            return
        for first, end in self._granules(mapping, args, kind.startswith("sync_sg")):
            if to_device or not mapping.joint:
                mapping.owned[first:end] = [to_device] * (end - first)
                self._emit_all(mapping.events("handed_over" if to_device else "given_back", first, end))

    def end(self, mapping: Mapping, args: Arguments, kind: str) -> None:
        """dma_unmap_* and dma_free_*. The caller frees the buffer of an allocation."""
        is_list = kind == "unmap_sg"
        if kind in ("unmap_single", "unmap_page", "unmap_sg"):
            hits = self._hits(mapping, args, is_list)
            if not args.attrs & SKIP_CPU_SYNC:
                for hit, size in hits:
                    self._for_cpu(args.device, hit, size, args.direction)
            for hit, _ in hits:
                if hit.slot and hit.slot.live:
                    self._release(hit.slot, mapping)
        addresses = [self._call_address(mapping, args)]
        if is_list and mapping.is_list:
            addresses = [area.dma_address for area in mapping.areas[: args.count] if area.slot] or addresses
        for address in addresses:
            translation = self.addresses.behind_iommu(args.device) and self.addresses.find(args.device, address)
            if translation:
                self._tear(translation, mapping)
        self._finish(mapping)

    def abandon(self, mapping: Mapping) -> None:
        """The driver finds that a map has failed."""
        mapping.abandoned = True
        self._finish(mapping)

    def _finish(self, mapping: Mapping) -> None:
        """The CPU owns the whole range again."""
        if mapping.live:
            mapping.live = False
            mapping.owned = [False] * mapping.size
            self._emit_all(mapping.events("ended", 0, mapping.size))

    def _call_address(self, mapping: Mapping, args: Arguments) -> int:
        if mapping.is_list:
            return mapping.areas[0].dma_address + args.offset
        return mapping.dma_address(0) + args.offset

    def _hits(self, mapping: Mapping, args: Arguments, sg: bool) -> list[tuple[Hit, int]]:
        """What a call's addresses hit, and for how many bytes."""
        wanted: list[tuple[Hit | None, int]] = []
        if sg and mapping.is_list:
            areas = mapping.areas if args.count is None else mapping.areas[: args.count]
            wanted = [self._hit_entry(area, args.device) for area in areas]
        elif args.count is None or args.count > 0:
            address, size = self._call_address(mapping, args), args.size
            if size is None:
                size = mapping.areas[0].dma_length if mapping.is_list else mapping.size * GRANULE
            if sg:
                area = mapping.areas[0]
                at = area.cpu_address + args.offset
                entry = Area(area.buffer, size // GRANULE, at, [], size, address, size, area.slot)
                wanted = [self._hit_entry(entry, args.device)]
            else:
                wanted = [(self.addresses.hit(args.device, address), size)]
        return [(hit, size) for hit, size in wanted if hit]

    def _hit_entry(self, area: Area, device: int) -> tuple[Hit | None, int]:
        """An entry of a list: with an IOMMU by its CPU address (bounced: by slot), else by its DMA address."""
        if self.addresses.behind_iommu(device) and not area.slot:
            return Hit(area.cpu_address, None, None), area.length
        return self.addresses.hit(device, area.dma_address), area.dma_length

    def _granules(self, mapping: Mapping, args: Arguments, sg: bool) -> list[tuple[int, int]]:
        """The ranges of the mapping that a sync moves: what lies in both."""
        if sg and mapping.is_list:
            count = len(mapping.areas) if args.count is None else args.count
            end = sum(area.count for area in mapping.areas[:count])
            return [(0, end)]
        if sg and args.count == 0:
            return []
        size = args.size
        if size is None:
            size = mapping.areas[0].dma_length if mapping.is_list else mapping.size * GRANULE
        end = min((args.offset + size) // GRANULE, mapping.areas[0].count)  # of a list, only the first entry
        return [(args.offset // GRANULE, end)] if args.offset // GRANULE < end else []

    def _release(self, slot: Slot, named: Mapping) -> None:
        self.addresses.release(slot)
        for start, end in slot.covered:
            self.emit(Event("slot_released", start, end, slot=slot.serial))
        self._void_other(slot.mapping, named, slot)

    def _tear(self, translation: Translation, named: Mapping) -> None:
        self.addresses.tear(translation)
        self._void_other(translation.mapping, named, translation=translation)

    def _void_other(
        self, index: int, named: Mapping, slot: Slot | None = None, translation: Translation | None = None
    ) -> None:
        """What a live mapping reached through a slot or translation that another one's unmap has taken is void."""
        other = self.mappings[index]
        if other is named or not other.live:
            return
        for piece in other.pieces:
            through = translation and translation.holds(other.device, other.dma_address(piece.first))
            if (slot and piece.slot is slot) or through:
                self._emit_all(other.events("voided", piece.first, piece.first + piece.count))
                piece.home = piece.slot = None

    def _emit_all(self, events: Iterator[Event]) -> None:
        for event in events:
            self.emit(event)
