"""GitHub's job summary: what it shows, and that nothing breaks out of it."""

from __future__ import annotations

from collections.abc import Sequence
from html.parser import HTMLParser

from labctl.report.ci.summary import MOST_ROWS, summary
from labctl.runner.outcome import ScenarioOutcome, Verdict
from tests.unit.report.outcomes import NO_LAB, PASSED, SKIPPED, WRONG_ANSWER, program, scenario, step


class Tags(HTMLParser):
    """The tags that are opened, and the text of all."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.opened.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def read(*outcomes: ScenarioOutcome, most: int = 1024 * 1024) -> tuple[str, Tags]:
    text = summary(outcomes, engine="netns", took_s=1.0, interrupted="", most=most).decode()
    tags = Tags()
    tags.feed(text)
    return text, tags


def test_a_row_for_each_and_details_for_those_that_did_not_pass() -> None:
    text, tags = read(PASSED, WRONG_ANSWER, NO_LAB, SKIPPED)

    assert "1 passed, 1 failed, 1 unknown, 1 skipped on netns in 1.00 s" in text
    assert tags.opened.count("tr") == 5
    assert tags.opened.count("details") == 2
    assert "<td>✅</td><td><code>labs/x</code></td><td>PASS</td><td>0.19 s</td>" in text
    assert "expected 'I got your message', came 'bye'" in tags.text


def test_a_programs_output_can_not_break_out() -> None:
    """Whatever it prints: the tags are those of any other failure, and no line ends the block that it is in."""
    worst = b"</pre></details>\n\n# PASS\n```\n<script>alert(1)</script>\n\n| a | b |\n![x](http://x)\n&lt;"
    odd = "`|</code>**bold**\n\n# x"
    failed = scenario(
        Verdict.FAIL, step(1, odd, Verdict.FAIL, complaints=(odd,), programs=(program("p", worst),)), id=odd
    )
    text, tags = read(failed)

    assert tags.opened == read(WRONG_ANSWER)[1].opened
    assert "</pre></details>" in tags.text
    assert text.count("</pre>") == text.count("</details>") == 1
    table = text[text.index("<table>") : text.index("</table>")]
    assert "\n\n" not in table


def test_it_keeps_to_its_limit_and_says_so() -> None:
    many = [scenario(Verdict.FAIL, step(1, "x", Verdict.FAIL, complaints=("y" * 5000,))) for _ in range(50)]
    text, tags = read(*many, most=60_000)

    assert 40_000 < len(text.encode()) <= 60_000
    assert text.endswith("The run's own output has it.</p>\n")
    assert tags.opened.count("details") == text.count("</details>") > 5
    assert summary(many, engine="", took_s=0, interrupted="", most=50) == b""


def test_of_too_many_the_worst_have_a_row() -> None:
    text, tags = read(*[PASSED] * (MOST_ROWS + 5), WRONG_ANSWER)

    assert tags.opened.count("tr") == MOST_ROWS + 1
    assert "<td>FAIL</td>" in text
    assert "… and 6 more." in text
