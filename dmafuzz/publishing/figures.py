from .content import Run
