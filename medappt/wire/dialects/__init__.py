"""The dialects of the health center protocol: programs that speak earlier forms of it (section 4).

Their clients were written by many hands from one specification without framing, and connect to the
same port unchanged. The first bytes of a connection decide its dialect, once, for all of it.
Sans-IO: bytes and silences in, messages out; nothing here knows a socket or a clock.
"""

from medappt.wire.dialects.listener import (
    Heard,
    Listener,
    Message,
    Overfull,
    Overlong,
    SpeaksLine,
    Stranger,
)

__all__ = ["Heard", "Listener", "Message", "Overfull", "Overlong", "SpeaksLine", "Stranger"]
