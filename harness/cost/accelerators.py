"""Accelerators by name: their peak speed, memory and bandwidth, from the makers' data sheets."""

from dataclasses import dataclass

from harness.config.hyperparameters import Precision


@dataclass(frozen=True)
class Accelerator:
    """One device.

    Attributes:
        title: The exact product.
        peak: Number format -> operations a second of dense matrix products; a format that it lacks is absent.
        bandwidth: Bytes a second between its memory and its units.
        memory: Bytes.
        is_host: Whether the process's libraries and files take part of that memory.
    """

    title: str
    peak: dict[Precision, float]
    bandwidth: float
    memory: float
    is_host: bool = False


def _gpu(
    title: str, fp32: float, fp16: float, bandwidth: float, memory: float, bf16: bool = True
) -> Accelerator:
    peak = {Precision.FP32: fp32 * 1e12, Precision.FP16: fp16 * 1e12}
    return Accelerator(
        title, peak | ({Precision.BF16: fp16 * 1e12} if bf16 else {}), bandwidth * 1e9, memory * 2**30
    )


# https://www.nvidia.com/en-us/data-center/ (H200, V100, L4, A10, T4),
# https://resources.nvidia.com/en-us-tensor-core (H100, A100); without sparsity, fp32 without TF32.
ACCELERATORS = {
    "H200": _gpu("NVIDIA H200 SXM 141 GB", 67, 989, 4800, 141),
    "H100": _gpu("NVIDIA H100 SXM 80 GB", 67, 989, 3350, 80),
    "A100": _gpu("NVIDIA A100 SXM 80 GB", 19.5, 312, 2039, 80),
    "V100": _gpu("NVIDIA V100 SXM2 32 GB", 15.7, 125, 900, 32, bf16=False),
    "L4": _gpu("NVIDIA L4 24 GB", 30.3, 121, 300, 24),
    "A10": _gpu("NVIDIA A10 24 GB", 31.2, 125, 600, 24),
    "T4": _gpu("NVIDIA T4 16 GB", 8.1, 65, 320, 16, bf16=False),
    # A core of 2.6 GHz: two units of 16 fp32 multiply-adds a cycle; bf16 dot products do twice that.
    "cpu": Accelerator(
        "2 server cores with AVX-512 and bf16",
        {Precision.FP32: 2 * 0.166e12, Precision.BF16: 2 * 0.333e12},
        20e9,
        16 * 2**30,
        is_host=True,
    ),
}
