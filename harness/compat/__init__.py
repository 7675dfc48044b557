"""What other libraries need patched or undone: one module for each, tested against the installed version."""
