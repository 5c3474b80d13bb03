# SPDX-License-Identifier: GPL-2.0-only
"""What the operating system needs to run a campaign at its times: units of systemd, a line for cron."""

from __future__ import annotations

import re
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from dmafuzz.campaign.plan_file import CampaignFile


@dataclass(frozen=True)
class UnitFile:
    """``name`` of the file, and its text."""

    name: str
    text: str


def unit_name(file: CampaignFile) -> str:
    """Of the files; safe, whatever the campaign is called."""
    return "dmafuzz-" + (re.sub(r"[^A-Za-z0-9_.-]+", "-", file.campaign.name).strip("-.") or "campaign")


def systemd_units(file: CampaignFile, plan: Path, at: str, length: str) -> list[UnitFile]:
    """A service that carries out the plan for that long, and the timer that starts it each day at ``at`` (HH:MM)."""
    name = unit_name(file)
    plan = plan.absolute()
    command = [sys.executable, "-P", "-m", "dmafuzz", "campaign", "run", str(plan), "--for", length]
    service = f"""\
[Unit]
Description=dmafuzz campaign {_plain(file.campaign.name)}

[Service]
Type=exec
WorkingDirectory={_path(plan.parent)}
ExecStart={" ".join(map(_quoted, command))}
# SIGTERM ends a run cleanly, within seconds.
KillMode=mixed
TimeoutStopSec=60
SuccessExitStatus=130
# It uses what nobody else needs.
Nice=19
CPUSchedulingPolicy=batch
IOSchedulingClass=idle
NoNewPrivileges=yes
PrivateTmp=yes
ProtectSystem=full
RestrictSUIDSGID=yes

[Install]
WantedBy=default.target
"""
    timer = f"""\
[Unit]
Description=dmafuzz campaign {_plain(file.campaign.name)}, each day

[Timer]
OnCalendar=*-*-* {at}:00
Persistent=true
Unit={name}.service

[Install]
WantedBy=timers.target
"""
    return [UnitFile(f"{name}.service", service), UnitFile(f"{name}.timer", timer)]


def cron_line(plan: Path, at: str, length: str) -> str:
    """For `crontab -e`; a percent sign ends a command there."""
    hour, _, minute = at.partition(":")
    plan = plan.absolute()
    command = [sys.executable, "-P", "-m", "dmafuzz", "campaign", "run", str(plan), "--for", length]
    line = f"cd {shlex.quote(str(plan.parent))} && nice -n 19 {shlex.join(command)}"
    return f"{int(minute)} {int(hour)} * * * {line} >> campaign.log 2>&1\n".replace("%", "\\%")


def _quoted(text: str) -> str:
    """As ExecStart= wants an argument: specifiers, variables and quotes mean themselves."""
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{text}"' if re.search(r"[^A-Za-z0-9_./:=@%-]", text) or not text else text


def _path(path: Path) -> str:
    return str(path).replace("%", "%%")


def _plain(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).replace("%", "%%").split())
