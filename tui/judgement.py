"""Owns what is said of a value while it is typed, and of a saved one once it was reviewed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from appliance.parameters.catalogue import Parameter
from appliance.parameters.finding import Finding
from appliance.parameters.refusal import Refused


@dataclass(frozen=True, slots=True)
class Judgement:
    """One sentence on a value; never holds any of a secret."""

    verdict: Literal["valid", "warning", "refused"]
    text: str

    @property
    def refused(self) -> bool:
        """Whether Save or Activate would refuse it."""
        return self.verdict == "refused"


def judge(declared: Parameter, text: str) -> Judgement | None:
    """Say what Save would; None of an empty text where that is fine. Blocks for a PEM."""
    if not text and declared.required:
        return Judgement("warning", "required: nothing can be activated without it")
    if not text:
        return None
    try:
        accepted = declared.accept(text)
    except Refused as refusal:
        return Judgement("refused", refusal.reason)
    if accepted.warnings:
        return Judgement("warning", "; ".join(accepted.warnings))
    return Judgement("valid", "valid")


def of_findings(findings: Sequence[Finding]) -> Judgement | None:
    """Say what the review found, the errors first; None where it found nothing."""
    if not findings:
        return None
    refused = any(each.severity == "error" for each in findings)
    return Judgement("refused" if refused else "warning", "; ".join(each.text for each in findings))
