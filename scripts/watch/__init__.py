"""
A stack, watched: what the engine and the systems say of it as one document, and the texts that are made of that.

    engine.py       finds and runs the engine
    looking.py      asks it for all that a document is made of
    look.py         takes its answers apart, resource by resource
    gathering.py    makes the document of them; systems.py its part about who answered
    document.py     the document: its fields, and its form as JSON

    table.py        the summary          metrics.py      for Prometheus
    report.py       the page, with advice.py, timeline.py, drawing.py, memory.py and page.css
    announcement.py what a rotation will end
    notices.py      what people are told; send.py sends it
    ping.py         a dead man's switch
    check.py        before the first `up`; verify.py asks CI, and proofs.py keeps what it found
    supervised.py   a run of the engine with pings and notices around it
    commands.py     the commands that look
    new.py          a repository of one's own, of repository/; wheel.py its requirement
    command_line.py the command: its arguments

What makes texts and documents is pure. Only Python's standard library is needed, but for metrics (prometheus_client),
pings (httpx, truststore), notices (apprise), and check and verify (the program's own).
"""
