"""Pretrained models: what names them, their files, their tokenizers."""
