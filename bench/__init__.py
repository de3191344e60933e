"""Measurements behind decisions: `scripts/bench NAME`. Figures are ratios from one run, since machines vary."""
