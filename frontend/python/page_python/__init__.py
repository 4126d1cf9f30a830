"""Cells of a chapter in the reader's browser: each with what it needs, in any order.

`statements` reads what cells define and use, `needs` chooses what has to run before a
cell, `session` runs it, `display` hands its outputs to the page.
"""
