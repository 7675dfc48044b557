"""What to say of an error that ended a step."""

from harness.errors import XstiltsError

_OUT_OF_MEMORY = (
    "out of memory",  # CUDA
    "can't allocate memory",  # torch's allocator on CPUs
    "cannot allocate memory",  # the system
    "bad_alloc",  # C++
    "unable to allocate",  # numpy
)


def describe_error(error: Exception, memory_advice: str) -> str:
    """Return an error's message; where memory ran out, with the settings that need less of it."""
    if isinstance(error, XstiltsError):
        return str(error)
    words = f"{type(error).__name__}: {error}"
    return f"{memory_advice} ({words})" if is_out_of_memory(error) else words


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether memory ran out, on whichever device."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or any(words in text for words in _OUT_OF_MEMORY)
