"""The main program of a worker process (`server.workers`), which only `serve` starts."""

import socket
import sys
from typing import cast


def main() -> None:
    """Serve until the parent ends it, or is gone. The socket pair is inherited."""
    from twisted.internet import reactor as installed
    from twisted.internet.posixbase import PosixReactorBase

    from mailauth.config import ConfigError
    from mailauth.server import resources
    from mailauth.server.clocks import keep_deadlines
    from mailauth.server.diagnostics import begin_logging
    from mailauth.server.resources import give_back_large_blocks
    from mailauth.server.workers.orders import Answered, Begin, Failed, order_in, read_line, written
    from mailauth.server.workers.worker import Worker

    reactor = cast(PosixReactorBase, installed)
    keep_deadlines(reactor)
    begin_logging()
    give_back_large_blocks()
    line = socket.socket(fileno=int(sys.argv[1]))
    line.set_inheritable(False)
    try:
        begin, further = read_line(line)
        first = order_in(begin)
        assert isinstance(first.order, Begin), "the first order"
        Worker(first.order, line, reactor).start(further)
    except ConnectionResetError:
        return  # the parent was gone before its first order
    except (ConfigError, OSError) as error:
        line.sendall(written(Answered(0, Failed(str(error)))))
        return
    resources.freeze()
    reactor.run(installSignalHandlers=False)


if __name__ == "__main__":
    main()
