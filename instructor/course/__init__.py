"""The instructor's command: ``course WORD ...``, or ``python -m instructor.course WORD ...``."""
