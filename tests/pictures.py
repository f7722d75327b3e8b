"""
docs/pictures/*.svg from real runs of the real engine against the embedded systems: `make pictures`.

Nothing in a picture is typed by hand: it is what the engine printed, shortened as in the demo. A run that does not show
what the picture is for writes nothing and ends with exit code 1, and so does one that shows a secret or a path of this
machine.
"""

from __future__ import annotations

import io
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from tests.engine.stack import ROOT, Stack
from tests.estate.core import stamp
from tests.shown import STYLES, shortened
from tests.world import GROUP, OWNER, REPOSITORY, SECRET, World, credentials

FOLDER = ROOT / "docs" / "pictures"
LARGEST = 150_000
# A README is some 850 pixels wide: with more columns the letters get too small.
_WIDTH = 100
# Dark on light or light on dark pages alike: a panel of its own, with the colours of a plain terminal.
_THEME = TerminalTheme(
    (24, 26, 31),
    (212, 215, 221),
    [
        (40, 44, 52),
        (224, 108, 117),
        (152, 195, 121),
        (229, 192, 123),
        (97, 175, 239),
        (198, 120, 221),
        (86, 182, 194),
        (212, 215, 221),
    ],
)
# rich's own format fetches a font over the network; any monospaced one of the reader's will do.
_FORMAT = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, monospace; font-size: {char_height}px; \
line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 18px; font-family: sans-serif; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>\
</clipPath>
{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">{matrix}</g>
</g>
</svg>
"""


class PictureError(Exception):
    """
    A picture would not show what it is for, or show what it must not.
    """


class Album:
    """
    A stack in sync with one account, whose runs are drawn.
    """

    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        self.stack = Stack(folder, credentials(world), world.config(), "homelab")
        self.folder = folder
        self._run(0, "up")

    def drift(self) -> str:
        """
        A preview after four things were broken by hand.
        """
        key = self.world.field() or ""
        (uuid,) = self.world.ours(key, self.stack.name)
        self.world.leave(GROUP)
        self.world.revoke(key, uuid)
        self.world.set_field("edited by hand")
        self.world.estate.forgejo.delete_value(OWNER, REPOSITORY, SECRET)
        shown = self._run(7, "preview", "--expect-no-changes")
        self._run(0, "up")
        words = ("refused by the registry: revoked", "holds another value", "no such secret any more", "left group")
        return self._draw([shown], words)

    def rotation(self) -> str:
        """
        The preview 91 days later, and the `up` after it.
        """
        # The key grows old, and not the clock, which the program would warn of.
        for key in self.world.estate.zot.of(self.world.username):
            key.created_at = stamp(self.world.estate.clock.now() - timedelta(days=91))
        shown = [self._run(7, "preview", "--expect-no-changes"), self._run(0, "up")]
        words = ("91 days old, rotates after 90", "created key", "set field", "published key", "revoked key")
        return self._draw(shown, words)

    def _run(self, code: int, command: str, *arguments: str) -> Text:
        """
        Run the engine, and return what a reader sees of it.
        """
        quiet = ("--suppress-outputs", "--suppress-progress", *(("--yes", "--skip-preview") if command == "up" else ()))
        run = self.stack.pulumi(command, *arguments, *quiet)
        if run.code != code:
            raise PictureError(f"pulumi {command} ended with {run.code}, not {code}:\n{run.text}")
        lines = [Text(f"{line.text}\n", style=STYLES[line.kind]) for line in shortened(run.text.splitlines())]
        return Text.assemble(("$ ", "bold"), " ".join(["pulumi", command, *arguments]), "\n", *lines)

    def _draw(self, shown: list[Text], words: tuple[str, ...]) -> str:
        plain = "".join(text.plain for text in shown)
        missing = [word for word in words if word not in plain]
        if missing:
            raise PictureError(f"pulumi did not say: {'; '.join(missing)}")
        console = Console(record=True, width=_WIDTH, file=io.StringIO(), force_terminal=True, highlight=False)
        for text in shown:
            console.print(text)
        svg = console.export_svg(title="zot-ci", theme=_THEME, code_format=_FORMAT, unique_id="t")
        check(svg, [*self.world.estate.secrets, str(self.folder), str(ROOT), str(Path.home())])
        return svg


def check(svg: str, forbidden: list[str]) -> None:
    """
    Refuse a picture that is too large, fetches something, or holds one of *forbidden*.

    Raises:
        PictureError: it does.
    """
    plain = svg.replace("&#160;", " ")
    if len(svg.encode()) >= LARGEST:
        raise PictureError(f"a picture has {len(svg.encode())} bytes, more than {LARGEST}")
    if "http" in plain.replace('xmlns="http://www.w3.org/2000/svg"', "") or "@import" in plain:
        raise PictureError("a picture names an address")
    if any(word in plain for word in forbidden):
        raise PictureError("a picture shows a secret or a path of this machine")


def main() -> int:
    """
    Draw both pictures; exit code 0 if both show what they are for.
    """
    world = World.start()
    try:
        with tempfile.TemporaryDirectory() as name:
            album = Album(world, Path(name))
            pictures = {"drift": album.drift(), "rotation": album.rotation()}
    except PictureError as exc:
        print(f"pictures: {exc}", file=sys.stderr)
        return 1
    finally:
        world.stop()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for picture, svg in pictures.items():
        (FOLDER / f"{picture}.svg").write_text(svg, encoding="utf-8")
        print(f"docs/pictures/{picture}.svg: {len(svg.encode()) // 1000} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
