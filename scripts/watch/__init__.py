"""
A stack, watched: what the engine and the systems say of it as one document, and the texts that are made of that.

    engine.py      runs the engine
    look.py        what one preview, the state and the history of a stack hold, resource by resource
    document.py    the document: its fields, and its form as JSON
    gathering.py   from a look to the document

`look`, `document` and `gathering` are pure and need Python's standard library only.
"""
