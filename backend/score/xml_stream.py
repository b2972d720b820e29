"""A MusicXML score piece by piece, so that one of a million elements needs no room for them all."""

from collections.abc import Iterator
from typing import Final, NamedTuple
from xml.etree import ElementTree

from retarget.errors import ConductorError

# Bytes that are parsed at once: what they become stays in the processor's cache.
_CHUNK: Final = 1 << 14
# Letters of an element's name that a message repeats.
_SHOWN: Final = 40


class BarOfPart(NamedTuple):
    """What one part plays in a bar.

    Parameters
    ----------
    player : (int, str)
        The part: its place in the score, 0 in a `score-timewise`, and its id.
    number : int
        The bar, from 0.
    measure : Element
        It, for its attributes.
    music : Element
        With the notes.
    """

    player: tuple[int, str]
    number: int
    measure: ElementTree.Element
    music: ElementTree.Element


class ScoreStream:
    """Reads a score.

    Parameters
    ----------
    xml : bytes
        The document.

    Attributes
    ----------
    timewise : bool
        Whether it is a `score-timewise`, else a `score-partwise`.
    part_list : Element, optional
        Once a bar was read, if the score has it before them.

    Raises
    ------
    ConductorError
        If the XML is something else.
    """

    def __init__(self, xml: bytes) -> None:
        self._xml = xml
        self._at = 0
        self._ended = False
        builder = ElementTree.TreeBuilder()
        # The document is built within an element of ours, and is seen there while it grows.
        self._document = builder.start("document", {})
        self._parser = ElementTree.XMLParser(target=builder)
        while not len(self._document) and not self._ended:
            self._feed()
        self._root = self._document[0]
        space, _, name = self._root.tag.rpartition("}")
        if name not in ("score-partwise", "score-timewise"):
            shown = name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…"
            raise ConductorError(
                f"The file is no MusicXML score, its XML is <{shown}>; export it as MusicXML."
            )
        self._space = f"{space}}}" if space else ""
        self.timewise = name == "score-timewise"
        self.part_list: ElementTree.Element | None = None

    def bars(self) -> Iterator[BarOfPart]:
        """The bars of each part as they are complete; they are dropped behind.

        A namespace that the whole score is in is taken off all names.
        """
        outer = self._root
        inner = "part" if self.timewise else "measure"
        count = number = 0
        for container, element in self._pieces():
            if container is not outer:
                outer, count, number = container, count + 1, 0
            if element.tag != inner:
                continue
            if self.timewise:
                yield BarOfPart((0, element.get("id", "")), count - 1, container, element)
            else:
                yield BarOfPart((count, container.get("id", "")), number, element, element)
            number += 1

    def _pieces(self) -> Iterator[tuple[ElementTree.Element, ElementTree.Element]]:
        """The elements of parts (timewise: of bars), and what they are in, as each is complete."""
        yield from self._complete()
        while not self._ended:
            self._feed()
            yield from self._complete()

    def _feed(self) -> None:
        if self._at < len(self._xml):
            self._parser.feed(self._xml[self._at : self._at + _CHUNK])
            self._at += _CHUNK
        else:
            self._parser.close()
            self._ended = True

    def _complete(self) -> Iterator[tuple[ElementTree.Element, ElementTree.Element]]:
        while len(self._root):
            element = self._root[0]
            whole = self._ended or len(self._root) > 1
            if element.tag.removeprefix(self._space) == ("measure" if self.timewise else "part"):
                inner = element[:] if whole else element[:-1]
                for child in inner:
                    yield element, self._plain(child)
                del element[: len(inner)]
            elif whole and self._plain(element).tag == "part-list":
                self.part_list = element
            if not whole:
                return
            del self._root[0]

    def _plain(self, element: ElementTree.Element) -> ElementTree.Element:
        if self._space:
            for inner in element.iter():
                inner.tag = inner.tag.removeprefix(self._space)
        return element
