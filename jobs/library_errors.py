"""What libraries say when they fail, in our words. Whoever shows the reason of another's error takes it from here.

By the error's type and text alone: no library is imported for it.
"""

from __future__ import annotations

import json
import os
import re

_OS_ERROR = re.compile(r"\(os error (\d+)\)")
_STATUS = re.compile(r"status code: (\d{3})|with status (\d{3})|HTTP status \w+ \((\d{3})")
_MESSAGE = re.compile(r"<Message>([^<]+)</Message>")
"""What Google's storage says in its answer."""
_STATUS_WORDS = {
    400: "the request was not understood",
    401: "it does not know who asks",
    403: "permission denied",
    404: "there is no such object",
    408: "it took too long",
    412: "a condition was not met",
    429: "there were too many requests",
    500: "it has a fault of its own",
    502: "what is behind it does not answer",
    503: "it is overloaded",
    504: "what is behind it does not answer",
}
_NETWORK = (
    (r"default credentials were not found", "no Google credentials found"),
    (r"[Rr]eauthentication is needed|invalid_grant", "the sign-in has expired"),
    (r"name or service not known|name resolution|lookup address|dns error|nor servname", "its name is unknown"),
    (r"connection ?refused", "connection refused"),
    (r"no route to host|(?:network|host) is ?unreachable", "no way leads to it"),
    (r"certificate verify failed|invalid peer certificate|self[- ]signed", "its certificate is not trusted"),
    (r"\btimed ?out\b|kind: timeout|deadline exceeded", "no answer in time"),
    (r"ssl|tls handshake|record layer", "it does not speak TLS"),
    (r"incomplete ?message|incomplete ?read|reset by peer|connection ?reset|connection aborted|remote end closed"
     r"|broken ?pipe|connection broken|closed before message", "the connection broke off"),
    (r"error sending request|connect error|max retries exceeded", "no connection"),
)  # fmt: skip
"""What the network did, by what is in the message and in the dump behind it."""

_JSON = (
    (r"Expecting value", "a value is missing"),
    (r"Expecting ',' delimiter", "a comma is missing, or the end"),
    (r"Expecting ':' delimiter", "a colon is missing"),
    (r"Expecting property name.*", "a name in double quotes is missing"),
    (r"Illegal trailing comma.*", "a comma is too much"),
    (r"Unterminated string.*", "a string does not end"),
    (r"Invalid control character.*", "there is a control character in a string"),
    (r"Invalid \\.*", "there is a backslash that means nothing"),
    (r"Extra data", "there is more after the end"),
)
_YAML = (
    (r"expected ',' or '([]}])', but got .*", r"a comma is missing, or the \1 at the end"),
    (r"expected the node content, but found '<stream end>'", "a value is missing: the text ends"),
    (r"found character '\\t' that cannot start any token", "there is a tab: indent by spaces"),
    (r"found character (.*) that cannot start any token", r"\1 cannot begin a value: put it in quotes"),
    (r"mapping values are not allowed here", "there is a colon where none can be: put the value in quotes"),
    (r"could not find expected ':'", "a colon is missing"),
    (r"expected <block end>, but found .*", "this line is not indented as those before it"),
    (r"expected (.*), but (?:got|found) '<(?:stream|block) end>'", r"expected \1, and the text ends"),
    (r"but found another document", "a second document begins: a file holds one"),
    (r"found unexpected end of stream", "a quote is opened and not closed"),
)
_MARK = re.compile(r"\(at (line \d+, column \d+|end of document)\)")
_AT_LINE = re.compile(r"(.*) at (line \d+) (column \d+)")


def in_our_words(error: BaseException) -> str:
    """The reason of another's error, in a clause without a full stop."""
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 text at byte {error.start}"
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno}, column {error.colno}: {_rewritten(error.msg, _JSON)}"
    if mark := getattr(error, "problem_mark", None):
        problem = _rewritten(str(getattr(error, "problem", "")), _YAML)
        return f"line {mark.line + 1}, column {mark.column + 1}: {problem}"
    if isinstance(error, OSError) and error.errno is not None and error.strerror:
        return os.strerror(error.errno).lower()
    text = (str(error).strip().splitlines() or [type(error).__name__])[0]
    if found := _OS_ERROR.search(text):
        return os.strerror(int(found[1])).lower()
    if type(error).__module__.startswith(("obstore", "urllib3", "requests", "google.", "httpx")):
        return _of_the_network(str(error))
    if found := _MARK.search(text):  # tomllib
        return f"{found[1]}: {text[: found.start()].strip()}"
    if found := _AT_LINE.fullmatch(text):  # pydantic's parser of JSON
        return f"{found[2]}, {found[3]}: {found[1]}"
    if re.match(r"Error -?\d+ while ", text):
        return "its compressed data is damaged"
    return text.rstrip(".")


def status_of(error: BaseException) -> int | None:
    """The HTTP status of an answer, which some libraries give in words only."""
    found = _STATUS.search(str(error))
    return int(next(filter(None, found.groups()))) if found else None


def _of_the_network(text: str) -> str:
    if (status := status_of(Exception(text))) is not None:
        said = _MESSAGE.search(text)
        words = said[1].strip().rstrip(".") if said else _STATUS_WORDS.get(status, "it refused")
        return f"{words} (HTTP {status})"
    for pattern, words in _NETWORK:
        if re.search(pattern, text, re.IGNORECASE):
            return words
    return re.sub(r"^Generic \w+ error: (?:Error )?", "", text.strip().splitlines()[0]) if text.strip() else "no answer"


def _rewritten(text: str, table: tuple[tuple[str, str], ...]) -> str:
    for pattern, words in table:
        if found := re.fullmatch(pattern, text):
            return found.expand(words)
    return text
