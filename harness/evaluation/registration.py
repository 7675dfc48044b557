"""Makes the model `xstilts` known to lm-eval 0.4.13, which reads no entry points."""


def register() -> None:
    """Register the model under its name; a second call changes nothing.

    lm-eval registers its own models only when it finds none registered, so that its module must come first.
    """
    import lm_eval.models  # noqa: F401
    from lm_eval.api.registry import model_registry

    if "xstilts" not in model_registry:
        model_registry.register("xstilts", target="harness.evaluation.model:XstiltsModel")
