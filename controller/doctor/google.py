"""This machine's sign-in at Google, for the questions that need one."""

from __future__ import annotations

from jobs.library_errors import in_our_words


def token(scope: str) -> str:
    """An access token of the application default credentials. Raises ``OSError`` where there are none."""
    import google.auth
    from google.auth.exceptions import GoogleAuthError
    from google.auth.transport.requests import Request

    try:
        credentials, _ = google.auth.default(scopes=[scope])
        credentials.refresh(Request())  # type: ignore[no-untyped-call]
    except GoogleAuthError as error:
        raise OSError(f"not signed in: {in_our_words(error)}") from error
    return str(credentials.token)
