"""Figures as functions of files: nothing here simulates or imports Brian2.

What is drawn has a file named by it (portrait, codesign, decays, stdp); here is what every figure shares.
"""

from dmpnet.drawing.figure import drawn, files, save, script
from dmpnet.drawing.inputs import arrays, by_variant
from dmpnet.drawing.style import CLASSES, HIGHLIGHT, MODELS, MUTED, SECOND, STYLE

__all__ = ["CLASSES", "HIGHLIGHT", "MODELS", "MUTED", "SECOND", "STYLE", "arrays", "by_variant", "drawn", "files",
           "save", "script"]
