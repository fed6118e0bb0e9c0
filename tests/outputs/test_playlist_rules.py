"""What a playlists.toml may say, and the one line that names what it may not."""

from __future__ import annotations

import pytest

from playlista.outputs.playlists.defaults import default_rules, with_defaults
from playlista.outputs.playlists.rule_file import parse_rules
from playlista.outputs.playlists.rules import Mixture, RuleError


def test_every_key_becomes_a_part_of_the_rule() -> None:
    (rule,) = parse_rules(
        """
        ["Late: night"]
        bpm = "60-90"
        key = ["Am", "1B"]
        neighbours = true
        loudness = "..-12"
        length = "120.."
        year = 1999
        genre = "Jazz"
        artist = "Björk"
        album = "Debut"
        format = "flac"
        text = "moon"
        tags = ["jazz>=0.25"]
        any_tags = "Mellow"
        without_tags = ["metal>=0.1", "punk>=0.1"]
        similar = "Björk - Moonlight"
        limit = 7
        per_artist = 2
        order = "-year"
        """,
        "playlists.toml",
    ).rules
    wanted = rule.track_filter
    assert (rule.name, rule.limit, rule.per_artist, rule.order) == ("Late: night", 7, 2, "-year")
    assert (wanted.bpm, wanted.loudness, wanted.duration, wanted.year) == (
        (60.0, 90.0),
        (None, -12.0),
        (120.0, None),
        (1999.0, 1999.0),
    )
    assert (wanted.genre, wanted.artist, wanted.album, wanted.text) == ("Jazz", "Björk", "Debut", "moon")
    assert wanted.format == "FLAC"
    assert (wanted.tags, wanted.any_tags) == ((("jazz", 0.25),), (("Mellow", 0.3),))
    assert wanted.without_tags == (("metal", 0.1), ("punk", 0.1))
    assert rule.like == Mixture(("Björk - Moonlight",))
    # A minor is 8A, between 7A and 9A, with C major, 8B; 1B is between 12B and 2B, with 1A
    assert set(wanted.camelot) == {"8A", "7A", "9A", "8B", "1B", "12B", "2B", "1A"}


def test_a_blend_adds_and_subtracts_and_a_path_has_two_ends() -> None:
    blend, path = parse_rules(
        '[Blend]\nblend = {add = ["a.mp3", "b.mp3"], subtract = ["c.mp3"]}\n'
        '[Way]\npath = ["a.mp3", "b.mp3"]\nlimit = 5',
        "playlists.toml",
    ).rules
    assert blend.like == Mixture(("a.mp3", "b.mp3"), ("c.mp3",))
    assert (path.path, path.limit) == (("a.mp3", "b.mp3"), 5)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('["A"]\nbpm = "90-', "p.toml: is no TOML: "),
        ('["A"]\n\nbmp = "90-100"', "p.toml:3: 'A': bmp is unknown; did you mean bpm?"),
        ('["A"]\nxyz = 1', "p.toml:2: 'A': xyz is unknown; a playlist has text, artist"),
        ('[B]\nlimit = 3\n["A"]\nlimit = 0', "p.toml:4: 'A': limit is a whole number from 1 to 10000"),
        ("[A]\nbpm = '110-90'", "p.toml:2: 'A': bpm begins above its end"),
        ("[A]\nbpm = true", "p.toml:2: 'A': bpm is a range of numbers"),
        ("[A]\nenergy = '7..10'", "p.toml:2: 'A': energy is a range of numbers within 0..1"),
        ("[A]\nvoice = inf", "p.toml:2: 'A': voice is a range of numbers within 0..1"),
        ("[A]\nkey = '13A'", "p.toml:2: 'A': key is a key or a list of them"),
        ("[A]\ntags = ['jazz>=0.01']", "p.toml:2: 'A': tags has a least activation that is not from 0.1 to 1"),
        ("[A]\ntags = []", "p.toml:2: 'A': tags is a text in quotes, or a list"),
        ("[A]\norder = 'loud'", "p.toml:2: 'A': order is one of best, flow, shuffle, title"),
        ("[A]\norder = '-flow'", "p.toml:2: 'A': order is one of best, flow, shuffle, title"),
        ("[A]\nneighbours = true", "p.toml:1: 'A' has neighbours, and no key"),
        ("[A]\nsimilar = 'x'\nblend = ['y']", "p.toml:1: 'A' has similar and blend"),
        ("[A]\npath = ['x', 'y']\nbpm = 90", "p.toml:1: 'A' has a path, which takes no bpm"),
        ("[A]\npath = ['x']", "p.toml:2: 'A': path is a list of two tracks"),
        ("[A]\npath = ['x', 'y']\nlimit = 2", "p.toml:1: 'A' has a path, which takes a limit from 3"),
        ("[A]\norder = 'flow'\nlimit = 2000", "p.toml:1: 'A' has the order flow, which takes a limit of at most 1000"),
        ("[A]\nfile = 'nsp'\nsimilar = 'x'", "p.toml:1: 'A' cannot say similar or blend to Navidrome"),
        ("[A]\nfile = 'm3u'", "p.toml:2: 'A': file is one of m3u8, nsp"),
        ("limit = 3", "p.toml:1: 'limit' is not a playlist"),
        ("[[A]]\nlimit = 3", "'A' is not a playlist"),
        ("defaults = 1", "p.toml:1: defaults is true or false"),
        ('["a\\tb"]', "is not a name"),
    ],
)
def test_what_is_not_allowed_is_said_in_one_line_with_file_line_and_key(text: str, said: str) -> None:
    with pytest.raises(RuleError) as raised:
        parse_rules(text, "p.toml")
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_playlists_without_a_rule_are_there_unless_they_are_replaced_or_not_wanted() -> None:
    names = [rule.name for rule in default_rules()]
    assert names == ["Calm evening", "Workout 140+", "Focus, instrumental"]
    assert all(one.any_tags or one.moods or one.voice for one in (rule.track_filter for rule in default_rules()))
    own = parse_rules('["calm evening"]\nlimit = 3', "p.toml")
    assert [rule.name for rule in with_defaults(own)] == ["calm evening", *names[1:]]
    assert with_defaults(parse_rules("defaults = false", "p.toml")) == ()
