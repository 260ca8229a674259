"""A story -> what of it is drawn, where and in which words; terminal, HTML and Mermaid draw it. Start at drawing.py."""

from labctl.report.drawing.drawing import USUAL, Choice, Column, Drawing, Row, RowKind, drawn, with_gaps

__all__ = ["USUAL", "Choice", "Column", "Drawing", "Row", "RowKind", "drawn", "with_gaps"]
