"""Rows of a data set repository on the Hugging Face hub, or of a local folder laid out like one."""

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from harness.data.sources.arrow_file import class_names, is_saved
from harness.errors import UserError
from harness.kinds.columns import SourceColumns, require_columns
from harness.kinds.sources import HubSource
from harness.message_text import cut, in_short
from harness.named_path import is_folder, user_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datasets import Dataset

_COMMIT = re.compile(r"[0-9a-f]{40}")


class HubUnavailableError(UserError):
    """The hub cannot be reached and the cache lacks the data set."""


class HubDataError(UserError):
    """The repository is there, but not with this config, split or revision."""


def read_hub(source: HubSource, needed: tuple[str, ...]) -> SourceColumns:
    """Load the needed columns of a repository, from the hub or from the local cache of `datasets`.

    The revision is the commit that the rows really came from. Where the hub cannot be reached the
    cached copy is taken, and refused if a commit was asked for and the copy is of another one.

    Raises:
        HubUnavailableError: neither hub nor cache has it.
        HubDataError: no such repository, config, split or revision.
        MissingColumnError: a column is not there.
    """
    origin = _origin(source)
    local = is_folder(user_path(source.repository))
    commit = None if local else _commit_on_hub(source, origin)
    dataset = _load(source, commit, offline=not local and commit is None, origin=origin)
    found = None if local else _commit_of(dataset)
    wanted = commit or (source.revision if _COMMIT.fullmatch(source.revision) else None)
    if wanted is not None and found is not None and found != wanted:
        raise HubDataError(
            f"{origin}: revision {cut(wanted)} was asked for, but only a cached copy of {found} is "
            "available; connect to the hub once, or give the data by --data-dir"
        )
    only = source.only or {}
    require_columns(
        origin, dataset.column_names, (*needed, *only), "Correct the columns that the task names."
    )
    rows = SourceColumns(
        {name: dataset[name][:] for name in (*needed, *only)},
        origin,
        f"hub: {origin}",
        "row",
        range(1, len(dataset) + 1),
        class_names(dataset.features, needed),
        commit or found,
    )
    return rows.only(only)


def _origin(source: HubSource) -> str:
    config = f", config {source.config}" if source.config else ""
    return f"{source.repository}{config}, split {source.split}"


def _commit_on_hub(source: HubSource, origin: str) -> str | None:
    """Return the commit that the revision stands for, or None where the hub cannot be reached."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        commit: str | None = HfApi().dataset_info(source.repository, revision=source.revision, timeout=20).sha
    except HFValidationError as error:
        raise HubDataError(
            f"{origin}: not the name of a hub repository and not a folder; write it as owner/name"
        ) from error
    except HfHubHTTPError as error:
        if error.response is not None and error.response.status_code in (401, 403, 404):
            raise HubDataError(
                f"{origin}: the hub has no such repository or revision {in_short(source.revision)}, or "
                "needs a "
                "login for it; correct 'repository' and 'revision', or give the data by --data-dir"
            ) from error
        return None
    # No network, or offline mode; which HTTP library's errors these are differs between releases.
    except Exception:
        return None
    return commit


def _load(source: HubSource, commit: str | None, *, offline: bool, origin: str) -> "Dataset":
    import datasets

    config = f" and config {source.config}" if source.config else ""
    saved = user_path(source.repository)
    if is_saved(saved):
        raise HubDataError(
            f"{origin}: this folder was written by save_to_disk, which the hub does not know; put it below "
            "the data folder and name it as a folder source with 'format: arrow'"
        )
    try:
        with _quiet(), _offline(offline):
            return datasets.load_dataset(
                source.repository, source.config, split=source.split, revision=commit or source.revision
            )
    # datasets raises its own errors, ValueError (config, split), RuntimeError (scripts) and OSError.
    except Exception as error:
        reason = " ".join(str(error).split())[:300]
        if offline:
            raise HubUnavailableError(
                f"{origin}: the hub cannot be reached and no cached copy fits ({reason}); connect to it "
                "once, or give the data by --data-dir (or XSTILTS_DATA)"
            ) from error
        raise HubDataError(
            f"{origin}: cannot be loaded ({reason}); correct the repository{config}, 'split' and "
            f"'revision' {in_short(source.revision)}, or give the data by --data-dir"
        ) from error


@contextmanager
def _offline(wanted: bool) -> "Iterator[None]":
    # With the network gone load_dataset retries for 23 s before it looks into its cache, once per
    # language; the library's own offline switch goes to the cache at once.
    import datasets

    before = datasets.config.HF_HUB_OFFLINE
    datasets.config.HF_HUB_OFFLINE = before or wanted
    try:
        yield
    finally:
        datasets.config.HF_HUB_OFFLINE = before


@contextmanager
def _quiet() -> "Iterator[None]":
    import datasets

    bars = datasets.are_progress_bars_disabled()
    verbosity = datasets.logging.get_verbosity()
    datasets.disable_progress_bars()
    datasets.logging.set_verbosity_error()
    try:
        yield
    finally:
        datasets.logging.set_verbosity(verbosity)
        if not bars:
            datasets.enable_progress_bars()


def _commit_of(dataset: "Dataset") -> str | None:
    """Return the commit from the addresses of the files that the data set was built from."""
    for address in dataset.info.download_checksums or {}:
        found = re.search(r"@([0-9a-f]{40})/", address)
        if found:
            return found.group(1)
    return None
