"""One stage: an encoder fine-tuned on one training task by DeepSpeed, with a fresh head, resumable."""
