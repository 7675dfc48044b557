"""The public Python API: what `xstilts plan`, `run`, `eval` and `publish` do, as functions.

`import harness` offers these functions; the command line calls them or what they call, so both give the same
results. Libraries are imported when a function is called: `load` and `plan` need no torch.
"""
