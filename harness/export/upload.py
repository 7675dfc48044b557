"""Uploads a folder to the Hugging Face hub as a model repository."""

from pathlib import Path

from huggingface_hub import HfApi, get_token
from huggingface_hub.errors import HfHubHTTPError, HFValidationError

from harness.errors import RunError, UserError
from harness.message_text import in_short

_HTTP_UNAUTHORIZED, _HTTP_FORBIDDEN = 401, 403


class NoTokenError(UserError):
    """There is no token of the hub."""

    page = "how-to/publish.md"


class RepositoryNameError(UserError):
    """The hub cannot have a repository of this name."""


class HubError(RunError):
    """The hub refused an upload, or cannot be reached."""


def upload(folder: Path, repository: str, message: str, *, private: bool) -> str:
    """Upload a folder as a model repository, which is made where there is none; return its address.

    The endpoint and the token are those of huggingface_hub (`HF_ENDPOINT`, `HF_TOKEN`, `hf auth login`).

    Raises:
        NoTokenError: There is no token.
        RepositoryNameError: The hub cannot have a repository of this name.
        HubError: The hub refuses, or cannot be reached.
    """
    if get_token() is None:
        raise NoTokenError(
            "there is no token of the Hugging Face hub; log in by `hf auth login`, set HF_TOKEN, or see what "
            "would be uploaded by --dry-run FOLDER"
        )
    hub = HfApi()
    try:
        address = hub.create_repo(repository, private=private, exist_ok=True, repo_type="model")
        hub.upload_folder(repo_id=repository, folder_path=folder, commit_message=message, repo_type="model")
    except HFValidationError as error:
        raise RepositoryNameError(
            f"--repository: {in_short(repository)} is no name of a repository; write OWNER/NAME ({error})"
        ) from error
    except HfHubHTTPError as error:
        raise HubError(f"{repository}: {_reason(error)}") from error
    except Exception as error:
        # huggingface_hub lets the errors of its HTTP library through: httpx, or httpx2 in later versions.
        if not isinstance(error, OSError) and not type(error).__module__.startswith("httpx"):
            raise
        raise HubError(f"{repository}: {hub.endpoint} cannot be reached ({error})") from error
    return str(address)


def _reason(error: HfHubHTTPError) -> str:
    code = error.response.status_code
    if code in (_HTTP_UNAUTHORIZED, _HTTP_FORBIDDEN):
        return f"the hub refuses this token ({code}); take one that may write to the repository"
    return f"the hub refuses ({code}): {in_short(error.server_message or str(error))}"
