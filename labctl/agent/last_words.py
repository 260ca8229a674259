"""An exception -> what happened and where, without a module that would have to be imported for it.

An agent on namespaces has left the interpreter's own files behind when it breaks.
"""

from __future__ import annotations


def last_words(error: BaseException) -> str:
    """The exception, and the lines it came through, the innermost last."""
    lines = []
    place = error.__traceback__
    while place is not None:
        code = place.tb_frame.f_code
        lines.append(f"  {code.co_filename}:{place.tb_lineno} in {code.co_name}")
        place = place.tb_next
    return "\n".join([f"{type(error).__name__}: {error}", *lines])
