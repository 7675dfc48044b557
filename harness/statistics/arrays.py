"""What the statistics share: array types and the levels at which they decide."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

ALPHA = 0.05
CONFIDENCE = 0.95
# Sums differ in their last bits from one processor to the next; what is published must not.
DECIMALS = 6
