"""What a plan takes: floating-point operations, memory, disk and time."""
