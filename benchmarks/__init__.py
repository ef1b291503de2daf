"""How fast, beside whom: `make bench` runs every contender in turn and writes `results/latest.json`."""
