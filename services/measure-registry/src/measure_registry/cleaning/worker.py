# SPDX-License-Identifier: EUPL-1.2
"""The process that makes one file anew: the file on standard input, an answer on standard output.

The kernel ends it when a file takes more time or memory than a file of that kind needs; whoever
started it notices. It holds no secret and no socket, writes no file, and imports little.
"""

from __future__ import annotations

import resource
import sys

from measure_registry.cleaning.kinds import CLEANED, FAILED, REFUSED, AttachmentRefusedError
from measure_registry.cleaning.making import made_anew


def main() -> None:
    """Answer one file within as many seconds of CPU and bytes of addresses as the arguments say."""
    cpu_s, memory_bytes = map(int, sys.argv[1:])
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    for nothing in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE):
        resource.setrlimit(nothing, (0, 0))
    sys.stdout.buffer.write(answer(sys.stdin.buffer.read()))


def answer(content: bytes) -> bytes:
    """Return a line that says what became of a file, and behind it the file made anew.

    The line's first word is `cleaned`, `refused` or `failed`, its second a media type, why a file
    is refused, or the type of an error that nobody foresaw: what the error says may quote the file.
    """
    made = b""
    try:
        cleaned = made_anew(content)
    except AttachmentRefusedError as error:
        told = f"{REFUSED} {error.why}"
    except MemoryError:
        told = f"{REFUSED} too_complex"
    # A broken file of strangers meets places of two libraries that nobody has listed.
    except Exception as error:  # noqa: BLE001  # told as a failure, with its type
        told = f"{FAILED} {type(error).__name__}"
    else:
        told, made = f"{CLEANED} {cleaned.media_type}", cleaned.content
    return f"{told}\n".encode() + made


if __name__ == "__main__":
    main()
