# SPDX-License-Identifier: GPL-2.0-only
"""Measurements: engines side by side on the same core, how soon they find what is known, and what size costs."""
