"""The vocabulary and the mathematics: numpy and msgspec only; no I/O, no clock, no logging."""
