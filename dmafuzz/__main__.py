# SPDX-License-Identifier: GPL-2.0-only
"""`python -m dmafuzz`: the command line."""

from dmafuzz.cli import main

if __name__ == "__main__":
    main()
