"""One stage of fine-tuning on DeepSpeed."""
