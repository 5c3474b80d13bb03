"""dmafuzz judges trackers of the DMA API against an exact simulator of caches and bounce buffers."""
