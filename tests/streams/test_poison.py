"""A thousand poisoned lines among a thousand good ones: each refused by its name, none seen again.

One feed is made once, from one seed, and run three times: whole, the good lines alone, and whole
through the command line. A line of more than 16 MiB is in it too.
"""

import os
import subprocess
import sys
from collections import Counter
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import msgspec
import pytest

from alerts.vault.keyring import write_keyring
from alerts.vault.sealing import Sealer
from forewarn.version import CODE_VERSION
from schemas.areas import Directory
from schemas.outcomes import DeadLetter
from schemas.rejections import Rejection
from schemas.taxonomy import Kind as Matter
from schemas.taxonomy import Purpose, Scheme
from schemas.times import DAY_US, SECOND_US
from streams.intake.dead_letters import context_of
from streams.pipeline import Pipeline, PipelineConfig
from streams.replay import Span, replay
from streams.replay_files import ReplayFiles
from streams.replay_order import LINE_BYTES_MAX
from tests.streams.intake.contacts import KEYRING, contact, person
from tests.streams.poison_lines import KINDS, SPAN_US, START_US, Poisoned, poisoned_lines, written

SEED = 20_240_301
GOOD = POISONED = 1_000
UNTIL_US = START_US + 30 * DAY_US
TRUST = "vertraut"
RESULTS = ("alerts", "assessments", "service-clocks", "daily-counts")
CUT = Poisoned("17 MB", Rejection.OVERSIZE, "giftlang", b"giftlang" * (17 * 2**17))


class Feed(NamedTuple):
    """A feed as lines in their order; `poisoned` are by line number, which begins at 1."""

    lines: list[bytes]
    poisoned: dict[int, Poisoned]
    good: list[bytes]


class Ran(NamedTuple):
    """A replay that was run: its folder, its span and its dead letters by line number."""

    folder: Path
    span: Span
    letters: dict[int, DeadLetter]

    def bytes_of(self, name: str) -> bytes:
        return (self.folder / f"{name}.jsonl").read_bytes()

    def summary(self) -> Any:
        return msgspec.json.decode((self.folder / "summary.json").read_bytes())


def good_line(number: int, rng: Random) -> bytes:
    """A good report; the first and the last of them are the first and the last of the feed."""
    came_us = START_US + SPAN_US * number // (GOOD - 1)
    signs = rng.choice([[], [], ["injury"], ["threat_to_kill"], ["strangulation"]])
    event = contact(
        f"{TRUST}-{number}",
        at=came_us - rng.randrange(3_600) * SECOND_US,
        ingest=came_us,
        purpose=rng.choice(list(Purpose)).value,
        kind=rng.choice(list(Matter)).value,
        severity=rng.randrange(5),
        signs=signs,
        note=f"{TRUST} note",
    )
    if rng.random() < 0.8:
        event["data"]["person"] = person(f"{TRUST}-{rng.randrange(100)}", Scheme.PSEUDONYM)
    return written(event)


@pytest.fixture(scope="module")
def feed() -> Feed:
    rng = Random(SEED)  # noqa: S311  # a seeded test
    good = [good_line(number, rng) for number in range(GOOD)]
    poisoned = [*poisoned_lines(POISONED, rng), CUT]
    mixed: list[bytes | Poisoned] = [*good, *poisoned]
    rng.shuffle(mixed)
    by_line = {n: line for n, line in enumerate(mixed, start=1) if isinstance(line, Poisoned)}
    lines = [line.value if isinstance(line, Poisoned) else line for line in mixed]
    return Feed(lines, by_line, good)


def read_letters(folder: Path) -> dict[int, DeadLetter]:
    lines = (folder / "dead-letters.jsonl").read_bytes().splitlines()
    letters = [msgspec.json.decode(line, type=DeadLetter) for line in lines]
    assert len({letter.offset for letter in letters}) == len(letters)
    return {letter.offset: letter for letter in letters}


def run(lines: list[bytes], folder: Path) -> Ran:
    with ReplayFiles(folder) as files:
        pipeline = Pipeline(
            PipelineConfig(),
            directory=Directory(),
            keyring=KEYRING,
            sink=files,
            code_version=CODE_VERSION,
        )
        stream = BytesIO(b"".join(line + b"\n" for line in lines))
        span = replay(pipeline, stream, UNTIL_US)
        files.finish(pipeline, span, {})
    return Ran(folder, span, read_letters(folder))


@pytest.fixture(scope="module")
def whole(feed: Feed, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return run(feed.lines, tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def good_alone(feed: Feed, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return run(feed.good, tmp_path_factory.mktemp("good"))


class Said(NamedTuple):
    """What the command wrote: its folder, and what it said to whoever ran it."""

    folder: Path
    shown: bytes


@pytest.fixture(scope="module")
def by_command(feed: Feed, tmp_path_factory: pytest.TempPathFactory) -> Said:
    here = tmp_path_factory.mktemp("command")
    (here / "keys.json").write_bytes(write_keyring(KEYRING))
    (here / "events.jsonl").write_bytes(b"".join(line + b"\n" for line in feed.lines))
    ended = subprocess.run(
        [Path(sys.executable).with_name("forewarn"), "replay", "events.jsonl", "--out", "out"],
        cwd=here,
        env={
            **os.environ,
            "FOREWARN_KEYS_FILE": str(here / "keys.json"),
            "FOREWARN_LOG_LEVEL": "DEBUG",
        },
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr.decode()
    return Said(here / "out", ended.stdout + ended.stderr)


def test_the_feed_is_a_thousand_good_and_a_thousand_poisoned_lines(feed: Feed) -> None:
    kinds = Counter(line.kind for line in feed.poisoned.values())
    assert (len(feed.good), sum(kinds.values())) == (GOOD, POISONED + 1)
    assert set(kinds) == {kind.name for kind in KINDS} | {CUT.kind}
    assert len(KINDS) >= 50
    assert min(kinds[kind.name] for kind in KINDS if kind.most > POISONED // 2) >= 10
    assert len(feed.lines[next(n for n, p in feed.poisoned.items() if p is CUT) - 1]) > 16 * 2**20
    # Headers, and that a type is not of its topic, are of Kafka: a replayed line has neither.
    never = {
        Rejection.TYPE_NOT_OF_TOPIC,
        Rejection.BAD_HEADER,
        Rejection.AREA_NOT_VALID,
        Rejection.NOT_OF_THIS_LOG,
    }
    assert {kind.reason for kind in KINDS} == set(Rejection) - never


def test_every_poisoned_line_is_a_dead_letter_for_its_own_reason(feed: Feed, whole: Ran) -> None:
    expected = {number: (line.kind, line.reason) for number, line in feed.poisoned.items()}
    found = {
        number: (feed.poisoned[number].kind if number in feed.poisoned else "good", letter.reason)
        for number, letter in whole.letters.items()
    }
    assert found == expected


def test_the_summary_counts_dead_letters_by_reason(feed: Feed, whole: Ran) -> None:
    reasons = Counter(line.reason for line in feed.poisoned.values())
    summary = whole.summary()
    counted = {
        name.removeprefix("dead_letters."): number
        for name, number in summary["tally"].items()
        if name.startswith("dead_letters.")
    }
    assert counted == {reason.value: number for reason, number in reasons.items()}
    assert summary["counts"]["intake.dead_letters"] == POISONED + 1
    assert summary["counts"]["intake.records"] == GOOD + POISONED + 1
    assert summary["written"]["dead-letters"] == POISONED + 1


def test_every_good_line_is_taken_as_if_it_were_alone(whole: Ran, good_alone: Ran) -> None:
    assert good_alone.letters == {}
    for name in RESULTS:
        assert whole.bytes_of(name) == good_alone.bytes_of(name) != b"", name
    assert whole.summary()["state"] == good_alone.summary()["state"]
    assert whole.span[1:] == good_alone.span[1:]


def test_every_dead_letter_opens_to_the_bytes_that_came(feed: Feed, whole: Ran) -> None:
    sealer = Sealer(KEYRING)
    for number, line in feed.poisoned.items():
        letter = whole.letters[number]
        context = context_of(letter.topic, letter.partition, letter.offset)
        opened = sealer.open(letter.sealed, context, letter.key_version)
        assert opened == line.value[:LINE_BYTES_MAX]
        assert (letter.size, letter.digest) == (len(line.value), sha256(line.value).hexdigest())
        assert letter.truncated == (line is CUT)


def places_of(word: bytes, folder: Path) -> list[str]:
    return [path.name for path in sorted(folder.rglob("*")) if word in path.read_bytes()]


def test_nothing_of_poison_or_trust_is_in_any_file(feed: Feed, whole: Ran) -> None:
    assert sum(b"gift" in line.value for line in feed.poisoned.values()) > POISONED // 2
    files = b"".join(
        path.read_bytes() for path in whole.folder.iterdir() if path.name != "dead-letters.jsonl"
    )
    for word in (b"gift", b"12800138000", b"110105194912310021", b"aggressor", b"ethnicity"):
        assert word not in files
    in_clear = [msgspec.structs.replace(letter, sealed=b"") for letter in whole.letters.values()]
    assert b"gift" not in msgspec.json.encode(in_clear)
    for word in (b"giftlang", TRUST.encode(), b"aggressor", b"110105194912310021"):
        assert places_of(word, whole.folder) == []


def test_the_command_line_does_the_same(whole: Ran, by_command: Said) -> None:
    for name in (*RESULTS, "dead-letters"):
        path = by_command.folder / f"{name}.jsonl"
        assert sha256(path.read_bytes()).digest() == sha256(whole.bytes_of(name)).digest(), name
    summary = msgspec.json.decode((by_command.folder / "summary.json").read_bytes())
    assert summary["tally"] == whole.summary()["tally"]
    assert sorted(path.name for path in by_command.folder.iterdir()) == sorted(
        path.name for path in whole.folder.iterdir()
    )


def test_the_command_line_says_reasons_and_nothing_of_the_content(by_command: Said) -> None:
    for reason in (b"identifier_checksum", b"oversize", b"too_deep"):
        assert b"dead_letters " + reason in by_command.shown
    for word in (
        b"gift",
        TRUST.encode(),
        b"12800138000",
        b"1101051949",
        b"aggressor",
        b"Traceback",
    ):
        assert word not in by_command.shown
