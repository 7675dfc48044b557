"""`make bench`: measure what the project promises to be fast at."""

from tests.benchmarks import data_path, evaluation, startup
from tests.benchmarks.report import heading

heading()
startup.run()
data_path.run()
evaluation.run()
