"""
Watching a stack: one document from what the engine and the systems say, and texts that are made from the document.

    engine.py       finds and runs the engine
    looking.py      asks the engine for the facts of a document
    look.py         splits the engine's answers by resource
    gathering.py    makes the document from them; systems.py its part about the systems
    document.py     the document: its fields, and its form as JSON

    table.py        the summary          metrics.py      for Prometheus
    report.py       the page, with advice.py, timeline.py, drawing.py, memory.py and page.css
    announcement.py what a rotation will revoke
    notices.py      the notice about a run; send.py sends it
    ping.py         a dead man's switch
    check.py        before the first `up`; verify.py asks CI, and proofs.py keeps what it found
    supervised.py   a run of the engine with pings and a notice
    commands.py     the commands that change nothing
    new.py          a new repository from the templates in repository/; wheel.py its requirement
    command_line.py the command: its arguments

The modules that make texts and documents are pure. Only Python's standard library is needed, except for metrics
(prometheus_client), pings (httpx, truststore), notices (apprise), and check and verify (the program's own packages).
"""
