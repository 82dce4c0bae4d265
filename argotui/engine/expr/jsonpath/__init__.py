"""The JSONPath dialect of the function `jsonpath`, that of the Go library evilmonkeyinc/jsonpath.

It is not kubectl's dialect, and its oddities (texts of scripts keep their quotes, `in` finds itself inside
names) are kept: existing expressions rely on what comes out.
"""
