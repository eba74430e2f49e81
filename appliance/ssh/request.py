"""What a command gets and gives back, and how it reads its words and its standard input."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from appliance.parameters.catalogue import Kind, Parameter, parameter
from appliance.parameters.refusal import Refused
from appliance.plain_text import printable
from appliance.ssh.login import Login

if TYPE_CHECKING:
    from appliance.unit import Unit

DONE, FAILED, WRONG_USAGE = 0, 1, 2
LONGEST_ECHO = 40  # characters of a wrong word repeated in an error


@dataclass(frozen=True, slots=True)
class Reply:
    """What a command answers: exit status 0, 1 or 2, standard output and standard error."""

    status: int
    output: str = field(default="", repr=False)
    errors: str = ""


class InputError(Exception):
    """Standard input cannot be taken: one line that says why, and the exit status it calls for."""

    def __init__(self, reason: str, status: int = FAILED) -> None:
        super().__init__(reason)
        self.status = status


class UsageError(Exception):
    """The words behind a command's name are not what it takes; one line."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a handler gets; `arguments` is the text behind the command's name, as it came.

    `read_input` gives all of standard input or raises InputError; `by` says who asks.
    """

    unit: "Unit"
    login: Login
    arguments: str = field(repr=False)
    read_input: Callable[[], Awaitable[bytes]]
    by: str

    @property
    def words(self) -> list[str]:
        """The arguments, for a command that takes words and not a value."""
        return self.arguments.split()

    def expect_nothing(self) -> None:
        """Raises UsageError where there are arguments."""
        for word in self.words:
            raise UsageError(f"does not take “{echo(word)}”")

    def wants(self, option: str) -> bool:
        """Whether the option is given; raises UsageError for anything else."""
        if self.words in ([], [option]):
            return bool(self.words)
        raise UsageError(f"does not take “{echo(' '.join(self.words))}”")

    def only_parameter(self) -> Parameter:
        """The parameter named by the one word there is; raises UsageError or Refused."""
        if len(self.words) > 1:
            raise UsageError("takes one KEY and nothing more")
        return parameter_named("".join(self.words))

    async def input_text(self, key: str | None = None) -> str:
        """Standard input as text; `key` is named where it has none. Raises InputError, Refused."""
        try:
            data = await self.read_input()
        except InputError as error:
            raise InputError(f"{key}: {error}" if key else str(error), error.status) from error
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            if key and parameter(key).kind is Kind.PEM:
                return data.decode("latin-1")  # DER, PKCS#12 and the like: the rule names them
            place = f"not UTF-8 text (byte {error.start + 1})"
            raise Refused(f"{place}: give text; a certificate or key as PEM", key) from error


def parameter_named(key: str) -> Parameter:
    """The parameter of that key; raises UsageError for none, Refused for an unknown one."""
    if not key:
        raise UsageError("KEY is missing")
    try:
        return parameter(key)
    except Refused as error:
        raise Refused(f"{error.reason} (see show)", echo(key)) from error


def lines(items: Iterable[object]) -> str:
    """One harmless line an item."""
    return "".join(f"{printable(str(item))}\n" for item in items)


def echo(word: str) -> str:
    """The beginning of a word from outside, for repeating it in an error."""
    return printable(word[:LONGEST_ECHO])
