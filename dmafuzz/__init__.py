# SPDX-License-Identifier: GPL-2.0-only
"""dmafuzz judges trackers of the DMA API against an exact simulator of caches and bounce buffers."""
