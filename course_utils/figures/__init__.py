"""The still figures of the lessons: one module per lesson, one function per figure."""
