"""`server.workers = N`: one server in several processes, for more than one core.

The parent binds every listener, holds the home and the log directory, and serves HTTP; workers
accept mail clients from the listening sockets that they inherit. They are started anew (fork and
exec), not forked: the one that takes a dead worker's place comes from a process that has threads,
clients and an epoll descriptor of its own, none of which may be shared.

A login waits for no other process. What it needs of the others stands in memory that all share:

- where the record stands (`record.shared`): whoever writes locks, for microseconds;
- how often an address has failed (`workers.failures`): the sixth failure blocks in every process.

Everything that is only asked or changed by people lives in the parent, so that it is the same
whoever answers, and goes between the processes over a line from each worker to the parent:

- the console, its one-time link, sessions, event streams, the API and the control socket;
- the events: the parent reads on in the journal, which has them all in order (`record.follower`);
- connections and checks that are not recorded yet: workers are asked (`server.workers.supervisor`);
- accounts, certificates, a listener's policy: workers are told, and say when they have done it.

Tokens that were revoked stand in a file that each process looks at. Mail is in Maildirs, the POP3
lock of a maildrop too. When the parent is gone, the line of every worker ends, and it with it; only
then can another server have the home, so that nobody writes behind its back.
"""
