# SPDX-License-Identifier: GPL-2.0-only
"""The machines that QEMU can be, and which platforms they stand for."""

from __future__ import annotations

from dataclasses import dataclass

from dmafuzz import platforms

from .errors import ConfirmationError

DEVICES = 4
CPUS = 4
_FIRST_SLOT = 8  # on the PCI bus; what comes before is the machine's own

# No clock but the instructions': a transfer of edu takes 100 ms of a time that passes at once, and runs repeat.
_TIME = ("-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off", "-smp", str(CPUS))
_X86 = ("-M", "q35", *_TIME)
# Messages are read from the kernel's log; the console is for what it says when it dies.
_QUIET = "loglevel=3 panic=-1 oops=panic nokaslr"
_CONSOLE = f"console=ttyS0 {_QUIET}"


@dataclass(frozen=True)
class Machine:
    """``platforms``: what it stands for, of one kernel or another.

    ``iommu``: a wrong call leaves state that nothing resets, so that each program has a boot of its own.
    """

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

    def platform_of(self, kernel: str) -> str:
        """What it stands for with a kernel, given as "6.12.117". Raises ConfirmationError."""
        version = ".".join(kernel.split(".")[:2])
        for name in self.platforms:
            if platforms.load(name).runs(version):
                return name
        raise ConfirmationError(f"{self.title}: no platform is known that it stands for with kernel {kernel}")

    def devices(self) -> list[str]:
        """QEMU's arguments for d0 to d3."""
        out = []
        for number in range(DEVICES):
            out += ["-device", f"edu,dma_mask=0xffffffff,addr={_FIRST_SLOT + number:#x}"]
        return out


_INTEL = (*_X86, "-device", "intel-iommu,intremap=off")
_INTEL_APPEND = f"{_CONSOLE} intel_iommu=on,sm_off iommu=nopt"
_VIRT = ("-cpu", "cortex-a57", *_TIME)
# The pool that small kmalloc buffers need: as many slots as the platforms have. It is cut to a 1024th of the memory.
_ARM64_APPEND = f"console=ttyAMA0 {_QUIET} swiotlb=512"
_ARM64_MEMORY = "1G"

MACHINES = (
    Machine(
        "mask",
        "x86-64, memory above the devices' reach",
        "x86_64",
        ("x86-5.18-swiotlb", "x86-5.18-swiotlb-before-6.9"),
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
        ("x86-5.18-force-bounce", "x86-5.18-force-bounce-before-6.9"),
        _X86,
        f"{_CONSOLE} swiotlb=force",
    ),
    Machine(
        "segment-limits",
        "x86-64, devices that count to 64 KiB and carry no further",
        "x86_64",
        ("x86-5.5-segment-limits",),
        _X86,
        _CONSOLE,
        prepare=("limit 0 0 65536 65535",),
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
    Machine(
        "arm64",
        "arm64, devices that are not coherent",
        "arm64",
        ("arm64-6.5", "arm64-5.19"),
        ("-M", "virt,gic-version=3", *_VIRT),
        _ARM64_APPEND,
        memory=_ARM64_MEMORY,
        prepare=("coherent 0 0 0 0 0 0",),
    ),
    Machine(
        "arm64-mixed",
        "arm64, d0 and d2 coherent, d1 and d3 not",
        "arm64",
        ("arm64-6.5-mixed", "arm64-5.19-mixed"),
        ("-M", "virt,gic-version=3", *_VIRT),
        _ARM64_APPEND,
        memory=_ARM64_MEMORY,
        prepare=("coherent 0 0 1 0 1 0",),
    ),
    Machine(
        "smmuv3",
        "arm64 behind an SMMUv3, strict, devices that are not coherent",
        "arm64",
        ("arm64-6.5-iommu-strict", "arm64-5.19-iommu-strict"),
        ("-M", "virt,gic-version=3,iommu=smmuv3", *_VIRT),
        f"{_ARM64_APPEND} iommu.strict=1 iommu.passthrough=0",
        iommu=True,
        memory=_ARM64_MEMORY,
        prepare=("coherent 0 0 0 0 0 0",),
    ),
)


def machine_for(platform: str) -> Machine:
    """Raises ConfirmationError for a platform that no machine stands for."""
    for machine in MACHINES:
        if platform in (machine.name, *machine.platforms):
            return machine
    known = ", ".join(machine.name for machine in MACHINES)
    raise ConfirmationError(f"{platform}: no machine of QEMU stands for this platform (there are: {known})")
