"""`server.workers = N`: one server in several processes, to use more than one core.

The parent binds every listener, locks the home and the log directory, and serves HTTP. Workers
accept mail clients from the listening sockets, which they inherit. They are started with fork and
exec, since the parent has threads, clients and an epoll descriptor that a forked copy must not
share.

A login does not wait for another process. It uses state in shared memory:

- the end of the record (`record.shared`), which a writer locks for microseconds;
- the failures of each address (`workers.failures`), so that the sixth one blocks in all processes.

Everything that people query or change is in the parent. It communicates with each worker over a
socket pair:

- The console, its one-time link, sessions, event streams, the API and the control socket are in
  the parent only.
- For events, the parent follows the journal, which has them all in order (`record.follower`).
- For open connections and unfinished checks, it asks the workers (`server.workers.supervisor`).
- Changes of accounts, certificates and policies are sent to the workers, which confirm them.

Revoked tokens are in a file that each process checks. Mail is in Maildirs, including the POP3 lock
of a maildrop. When the parent ends, the socket pair of each worker is closed, and the worker exits.
Another server can lock the home only after that, so two servers never write to it at once.
"""
