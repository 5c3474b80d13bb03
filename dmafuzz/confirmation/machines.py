# SPDX-License-Identifier: GPL-2.0-only
"""The machines that QEMU can be, and which platforms they stand for."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import ConfirmationError

DEVICES = 4
CPUS = 4
_FIRST_SLOT = 8  # on the PCI bus; what comes before is the machine's own

# No clock but the instructions': a transfer of edu takes 100 ms of a time that passes at once, and runs repeat.
_X86 = ("-M", "q35", "-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off", "-smp", str(CPUS))
# Messages are read from the kernel's log; the console is for what it says when it dies.
_CONSOLE = "console=ttyS0 loglevel=3 panic=-1 oops=panic nokaslr"


@dataclass(frozen=True)
class Machine:
    """``iommu``: a wrong call leaves state that nothing resets, so that each program has a boot of its own."""

    name: str
    title: str
    arch: str
    platforms: tuple[str, ...]
    arguments: tuple[str, ...]
    append: str
    iommu: bool = False
    memory: str = "256M"
    prepare: tuple[str, ...] = ()  # actions, once it is up

    @property
    def option(self) -> str:
        """What the kernel's command line says of DMA; "" where it says nothing."""
        words = (word for word in self.append.split() if word.startswith(("swiotlb=", "intel_iommu=", "iommu")))
        return " ".join(words)

    def devices(self) -> list[str]:
        """QEMU's arguments for d0 to d3."""
        out = []
        for number in range(DEVICES):
            out += ["-device", f"edu,dma_mask=0xffffffff,addr={_FIRST_SLOT + number:#x}"]
        return out


_INTEL = (*_X86, "-device", "intel-iommu,intremap=off")
_INTEL_APPEND = f"{_CONSOLE} intel_iommu=on,sm_off iommu=nopt"

MACHINES = (
    Machine(
        "mask",
        "x86-64, memory above the devices' reach",
        "x86_64",
        ("x86-5.18-swiotlb",),
        _X86,
        _CONSOLE,
        memory="5G",
    ),
    Machine(
        "pool-full",
        "x86-64, swiotlb=force, and nothing left of it",
        "x86_64",
        ("x86-5.5-pool-full",),
        _X86,
        f"{_CONSOLE} swiotlb=force",
        prepare=("exhaust 0 0",),
    ),
    Machine("plain", "x86-64, nothing between device and memory", "x86_64", ("x86-5.5",), _X86, _CONSOLE),
    Machine(
        "force-bounce",
        "x86-64, swiotlb=force",
        "x86_64",
        ("x86-5.18-force-bounce",),
        _X86,
        f"{_CONSOLE} swiotlb=force",
    ),
    Machine(
        "intel-strict",
        "x86-64 behind an Intel IOMMU, strict",
        "x86_64",
        ("x86-5.5-iommu-strict",),
        _INTEL,
        f"{_INTEL_APPEND} iommu.strict=1",
        iommu=True,
    ),
    Machine(
        "intel-lazy",
        "x86-64 behind an Intel IOMMU, lazy",
        "x86_64",
        ("x86-5.5-iommu-lazy",),
        _INTEL,
        f"{_INTEL_APPEND} iommu.strict=0",
        iommu=True,
    ),
)


def machine_for(platform: str) -> Machine:
    """Raises ConfirmationError for a platform that no machine stands for."""
    for machine in MACHINES:
        if platform in (machine.name, *machine.platforms):
            return machine
    known = ", ".join(platform for machine in MACHINES for platform in machine.platforms)
    raise ConfirmationError(f"{platform}: no machine of QEMU stands for this platform (they do for: {known})")
