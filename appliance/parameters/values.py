"""Owns the texts of the twelve parameters, as one immutable value."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from appliance.parameters.catalogue import CATALOGUE, parameter


class ParameterValues(Mapping[str, str]):
    """The text of every parameter, in catalogue order; "" where none is set.

    Texts are taken as they are: `Parameter.accept` is what judges them. An unknown key raises
    Refused. The repr names the keys that are set and shows no value.
    """

    __slots__ = ("_texts",)

    def __init__(self, texts: Mapping[str, str] = MappingProxyType({})) -> None:
        for key in texts:
            parameter(key)
        self._texts = {each.key: texts.get(each.key, "") for each in CATALOGUE}

    def changed(self, key: str, text: str) -> "ParameterValues":
        """Return these values with one of them replaced; raises Refused for an unknown key."""
        return ParameterValues({**self._texts, parameter(key).key: text})

    def __getitem__(self, key: str) -> str:
        return self._texts[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)

    def __hash__(self) -> int:
        return hash(tuple(self._texts.values()))

    def __repr__(self) -> str:
        return f"ParameterValues(set: {', '.join(key for key, text in self.items() if text)})"
