"""What the API server remembers: one SQLite file and what is held of it in memory.

The file is one append-only sequence of events; the position of an event in it is the global
resourceVersion. The newest event of an object is its state, older ones are the history from which
watches resume and pages of an older list are read. Compaction removes old history only.
"""
