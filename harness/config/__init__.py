"""What a user writes: sequence files, training tasks, DeepSpeed files, as validated models."""
