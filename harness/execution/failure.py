"""What to say of an error that ended a stage or an evaluation."""

from harness.errors import XstiltsError
from harness.execution.messages import CheckRequest, EvaluateRequest, ForgettingRequest, WorkRequest

_OUT_OF_MEMORY = (
    "out of memory",  # CUDA
    "can't allocate memory",  # torch's allocator on CPUs
    "cannot allocate memory",  # the system
    "bad_alloc",  # C++
    "unable to allocate",  # numpy
)


def in_words(error: Exception, request: WorkRequest) -> str:
    """Return an error's message; where memory ran out, with the settings that need less of it."""
    if isinstance(error, XstiltsError):
        return str(error)
    words = f"{type(error).__name__}: {error}"
    return f"{memory_advice(request)} ({words})" if is_out_of_memory(error) else words


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether memory ran out, on whichever device."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or any(words in text for words in _OUT_OF_MEMORY)


def memory_advice(request: WorkRequest) -> str:
    """Return which settings to lower, with the values that they have."""
    if isinstance(request, EvaluateRequest):
        return f"out of memory: lower evaluation.batch_size (now {request.job.batch_size})"
    if isinstance(request, CheckRequest):
        return "out of memory: close other programs, or take a smaller model"
    if isinstance(request, ForgettingRequest):
        tasks = ", ".join(dict.fromkeys(head.task.name for head in request.job.heads))
        return f"out of memory: lower training.batch_size, under training.per_task of one of {tasks}"
    settings, task = request.job.hyperparameters, request.job.name
    return (
        f"out of memory: raise training.accumulation (now {settings.accumulation}), which splits a batch of "
        f"{settings.batch_size} into smaller passes; or lower training.max_length (now "
        f"{settings.max_length}) or training.batch_size, for this task under training.per_task.{task}; or "
        "give another DeepSpeed file (--deepspeed zero2_offload, zero3_offload), or fewer --workers"
    )
