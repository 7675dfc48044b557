"""The bridge to lm-eval: model class, tasks, scoring a checkpoint."""
