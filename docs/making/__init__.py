# SPDX-License-Identifier: GPL-2.0-only
"""What of the documents is made by a program: the picture of the tower, the reference pages, the man pages."""
