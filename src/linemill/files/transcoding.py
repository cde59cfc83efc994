"""Files in other encodings, turned into UTF-8 bytes as they are read, so that everything after sees one encoding."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator

from linemill.errors import BadInput, UsageError

UTF_8 = "utf-8"

BYTE_ORDER_MARKS = {codecs.BOM_UTF8: UTF_8, codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
"""What the first bytes say, where the pipeline does not."""


def codec_name(encoding: str) -> str:
    """Give the codec's own name for an encoding, whichever way it is spelled.

    Raises:
        UsageError: There is no such encoding, or it is none for text.
    """
    try:
        found = codecs.lookup(encoding)
        codecs.getincrementaldecoder(encoding)
        "".encode(encoding)  # refuses codecs such as hex, which are not about text
    except (LookupError, ValueError) as error:
        raise UsageError(
            f"there is no text encoding {encoding!r}", "", "Python's names are known: latin-1, cp1252, utf-16"
        ) from error
    return UTF_8 if found.name == "utf-8-sig" else found.name


def transcode(blocks: Iterable[bytes], encoding: str, *, where: str) -> Iterator[bytes]:
    """Turn blocks, cut anywhere, into UTF-8 without a byte-order mark.

    Args:
        blocks: Bytes in `encoding`, cut even inside a character.
        encoding: A codec's name.
        where: The file's name, for messages.

    Raises:
        BadInput: `encoding`, with the offset of the first byte that cannot be decoded.
    """
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    taken = 0
    is_start = True
    for block, is_final in _with_end(blocks):
        taken += len(block)
        try:
            text = decoder.decode(block, is_final)
            if is_start and text:
                text = text.removeprefix("\ufeff")
                is_start = False
            encoded = text.encode(UTF_8)
        except UnicodeDecodeError as error:
            # The decoder's input was what it had kept from the block before, and this block.
            raise _undecodable(encoding, f"at byte {taken - len(error.object) + error.start}", where) from error
        except UnicodeError as error:
            raise _undecodable(encoding, f"before byte {taken}", where) from error
        if encoded:
            yield encoded


def _with_end(blocks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    for block in blocks:
        yield block, False
    yield b"", True


def _undecodable(encoding: str, place: str, where: str) -> BadInput:
    return BadInput(f"the file is not {encoding} {place}", where, "set input.encoding to what it is", code="encoding")
