/* A load client for mail and HTTP servers: one core of logins, each on a new connection.

   usage: load [options] HOST PORT STEP...

   A STEP is what a login's dialogue consists of, in order:
     <TEXT    wait until TEXT stands at the beginning of a line that the server sent
     >TEXT    send TEXT and CRLF (C escapes \r \n \\ are understood; ### is a number from 000 to 999 that no other
              connection has at the time)
     tls      do the TLS handshake
     login    the login is done now: latency is measured from connect() to here
     hold     keep the connection open (for -i)
   After the last step the connection is closed.

   -c N   N connections at a time, one after the other as fast as they go (closed loop; default 16)
   -R N   begin N logins a second whatever comes back (open loop)
   -t S   for S seconds (default 5)
   -n N   or N logins
   -i N   open N connections, print "ready", hold them until stdin ends
   -r     resume TLS sessions
   Prints one line of JSON. Exits 1 when a dialogue failed, with the first failure on stderr.

   It serves scripts/bench; it is bounded in count and time and talks to loopback only. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { NUMBERS = 1000 };
enum kind { WAIT, SEND, TLS, LOGIN, HOLD };

struct step {
    enum kind kind;
    char *text;
    size_t length;
    size_t number_at; /* of ### in the text, or its length */
};

struct connection {
    int fd;
    int step;
    int connected;
    int number;
    uint64_t begun;
    SSL *ssl;
    int handshaken;
    size_t used;
    char buffer[8192];
};

static struct step steps[64];
static int step_count;
static struct sockaddr_in server;
static SSL_CTX *context;
static SSL_SESSION *session;
static int resume_sessions, poller;
static uint64_t *latencies;
static size_t latency_count, latency_room, failures, active, resumed;
static unsigned source;
static int free_numbers[NUMBERS], free_count;

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void die(const char *what) {
    perror(what);
    exit(2);
}

static int keep_session(SSL *ssl, SSL_SESSION *fresh) {
    (void)ssl;
    if (session) SSL_SESSION_free(session);
    session = fresh;
    return 1;
}

static void end(struct connection *connection) {
    if (connection->ssl) SSL_free(connection->ssl);
    close(connection->fd);
    if (connection->number >= 0) free_numbers[free_count++] = connection->number;
    free(connection);
    active--;
}

static void fail(struct connection *connection, const char *why) {
    if (failures++ == 0) {
        const char *text = connection->step < step_count ? steps[connection->step].text : "";
        fprintf(stderr, "load: at step %d (%s): %s: %.*s\n", connection->step, text ? text : "", why,
                (int)(connection->used < 200 ? connection->used : 200), connection->buffer);
        ERR_print_errors_fp(stderr);
    }
    end(connection);
}

static void done(uint64_t nanoseconds) {
    if (latency_count == latency_room) {
        latency_room = latency_room ? latency_room * 2 : 65536;
        latencies = realloc(latencies, latency_room * sizeof *latencies);
        if (!latencies) die("realloc");
    }
    latencies[latency_count++] = nanoseconds;
}

static struct connection *begin(void) {
    struct connection *connection = calloc(1, sizeof *connection);
    if (!connection) die("calloc");
    connection->number = free_count ? free_numbers[--free_count] : -1;
    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (connection->fd < 0) die("socket");
    int on = 1;
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(connection->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    struct sockaddr_in local = {.sin_family = AF_INET};
    local.sin_addr.s_addr = htonl(0x7f000002u + source++ % 240u); /* ports last longer over 240 addresses */
    if (bind(connection->fd, (struct sockaddr *)&local, sizeof local)) die("bind");
    connection->begun = now();
    if (connect(connection->fd, (struct sockaddr *)&server, sizeof server) && errno != EINPROGRESS) die("connect");
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = connection};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, connection->fd, &event)) die("epoll_ctl");
    active++;
    return connection;
}

/* Returns 1 when something was read, 0 when there is nothing now, -1 at the end. */
static int fill(struct connection *connection) {
    size_t room = sizeof connection->buffer - connection->used;
    if (room == 0) { /* only the last line matters */
        memmove(connection->buffer, connection->buffer + sizeof connection->buffer / 2, sizeof connection->buffer / 2);
        connection->used = room = sizeof connection->buffer / 2;
    }
    ssize_t got;
    if (connection->ssl) {
        got = SSL_read(connection->ssl, connection->buffer + connection->used, (int)room);
        if (got <= 0) {
            int error = SSL_get_error(connection->ssl, (int)got);
            return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0 : -1;
        }
    } else {
        got = read(connection->fd, connection->buffer + connection->used, room);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
        if (got <= 0) return -1;
    }
    connection->used += (size_t)got;
    return 1;
}

static int has_line(struct connection *connection, const struct step *step) {
    char *line = connection->buffer, *stop = connection->buffer + connection->used;
    while (line < stop) {
        char *ending = memchr(line, '\n', (size_t)(stop - line));
        if (!ending) break;
        int found = (size_t)(ending - line) >= step->length && !memcmp(line, step->text, step->length);
        line = ending + 1;
        if (found) {
            connection->used = (size_t)(stop - line);
            memmove(connection->buffer, line, connection->used);
            return 1;
        }
    }
    return 0;
}

static void advance(struct connection *connection) {
    for (;;) {
        if (connection->step == step_count) {
            if (connection->ssl) SSL_shutdown(connection->ssl);
            end(connection);
            return;
        }
        struct step *step = &steps[connection->step];
        switch (step->kind) {
        case WAIT:
            while (!has_line(connection, step)) {
                int got = fill(connection);
                if (got == 0) return;
                if (got < 0) {
                    fail(connection, "the server closed");
                    return;
                }
            }
            break;
        case SEND: {
            if (step->number_at < step->length) {
                char digits[4];
                snprintf(digits, sizeof digits, "%03u", connection->number < 0 ? 0u : (unsigned)connection->number % NUMBERS);
                memcpy(step->text + step->number_at, digits, 3);
            }
            ssize_t sent = connection->ssl ? SSL_write(connection->ssl, step->text, (int)step->length)
                                           : write(connection->fd, step->text, step->length);
            if (sent != (ssize_t)step->length) {
                fail(connection, "short write");
                return;
            }
            break;
        }
        case TLS:
            if (!connection->ssl) {
                connection->ssl = SSL_new(context);
                SSL_set_fd(connection->ssl, connection->fd);
                SSL_set_tlsext_host_name(connection->ssl, "localhost");
                if (resume_sessions && session) SSL_set_session(connection->ssl, session);
            }
            int result = SSL_connect(connection->ssl);
            if (result != 1) {
                int error = SSL_get_error(connection->ssl, result);
                if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return;
                fail(connection, "the handshake failed");
                return;
            }
            resumed += (size_t)SSL_session_reused(connection->ssl);
            break;
        case LOGIN:
            done(now() - connection->begun);
            break;
        case HOLD:
            return;
        }
        connection->step++;
    }
}

static void add_step(char *argument) {
    struct step *step = &steps[step_count++];
    if (step_count == 64) {
        fputs("load: too many steps\n", stderr);
        exit(2);
    }
    if (!strcmp(argument, "tls")) step->kind = TLS;
    else if (!strcmp(argument, "login")) step->kind = LOGIN;
    else if (!strcmp(argument, "hold")) step->kind = HOLD;
    else if (*argument == '<' || *argument == '>') {
        step->kind = *argument == '<' ? WAIT : SEND;
        step->text = calloc(1, strlen(argument) + 3);
        for (char *from = argument + 1; *from; from++) {
            char byte = *from;
            if (byte == '\\' && from[1]) {
                from++;
                byte = *from == 'r' ? '\r' : *from == 'n' ? '\n' : *from;
            }
            step->text[step->length++] = byte;
        }
        if (step->kind == SEND) {
            step->text[step->length++] = '\r';
            step->text[step->length++] = '\n';
        }
        char *number = strstr(step->text, "###");
        step->number_at = number && step->kind == SEND ? (size_t)(number - step->text) : step->length;
    } else {
        fprintf(stderr, "load: not a step: %s\n", argument);
        exit(2);
    }
}

static int compare(const void *a, const void *b) {
    uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;
    return one < other ? -1 : one > other;
}

static double percentile(double share) {
    if (!latency_count) return 0;
    size_t index = (size_t)(share * (double)(latency_count - 1));
    return (double)latencies[index] / 1e6;
}

int main(int argc, char **argv) {
    size_t concurrency = 16, idle = 0, limit = 0;
    double seconds = 5, rate = 0;
    int option;
    while ((option = getopt(argc, argv, "+c:R:t:n:i:r")) != -1) {
        switch (option) {
        case 'c': concurrency = strtoul(optarg, NULL, 10); break;
        case 'R': rate = strtod(optarg, NULL); break;
        case 't': seconds = strtod(optarg, NULL); break;
        case 'n': limit = strtoul(optarg, NULL, 10); break;
        case 'i': idle = strtoul(optarg, NULL, 10); break;
        case 'r': resume_sessions = 1; break;
        default: return 2;
        }
    }
    if (argc - optind < 3) {
        fputs("usage: load [options] HOST PORT STEP...\n", stderr);
        return 2;
    }
    server.sin_family = AF_INET;
    server.sin_port = htons((uint16_t)atoi(argv[optind + 1]));
    if (inet_pton(AF_INET, argv[optind], &server.sin_addr) != 1 || (ntohl(server.sin_addr.s_addr) >> 24) != 127) {
        fputs("load: HOST must be an address of the loopback network\n", stderr);
        return 2;
    }
    for (int index = optind + 2; index < argc; index++) add_step(argv[index]);

    context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
    if (resume_sessions) {
        SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(context, keep_session);
    }
    for (int number = NUMBERS; number--;) free_numbers[free_count++] = number;
    poller = epoll_create1(EPOLL_CLOEXEC);
    if (poller < 0) die("epoll_create1");

    uint64_t start = now(), stop = start + (uint64_t)(seconds * 1e9), begun = 0;
    size_t wanted = idle ? idle : limit ? limit : SIZE_MAX;
    struct epoll_event events[256];
    for (;;) {
        uint64_t time = now();
        int open = idle || time < stop;
        while (open && begun < wanted) {
            if (rate > 0 ? (double)begun >= (double)(time - start) / 1e9 * rate : active >= (idle ? 64 + latency_count : concurrency)) break;
            begin();
            begun++;
        }
        if (idle && latency_count + failures >= idle) break;
        if (!active && (!open || begun == wanted)) break;
        if (!idle && time > stop + 10000000000u) break; /* what has not answered ten seconds later */
        int count = epoll_wait(poller, events, 256, rate > 0 ? 1 : 100);
        for (int index = 0; index < count; index++) {
            struct connection *connection = events[index].data.ptr;
            if (!connection->connected) {
                int error = 0;
                socklen_t length = sizeof error;
                if (!(events[index].events & (EPOLLOUT | EPOLLERR | EPOLLHUP))) continue;
                getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &length);
                if (error) {
                    fail(connection, strerror(error));
                    continue;
                }
                connection->connected = 1;
            }
            advance(connection);
        }
    }
    if (idle) {
        puts("ready");
        fflush(stdout);
        char nothing[64];
        while (read(0, nothing, sizeof nothing) > 0) {}
    }
    double elapsed = (double)(now() - start) / 1e9;
    if (!idle && elapsed > seconds && !limit) elapsed = elapsed < seconds + 1 ? elapsed : seconds;
    failures += idle ? 0 : active;
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double busy = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    if (latency_count) qsort(latencies, latency_count, sizeof *latencies, compare);
    printf("{\"logins\": %zu, \"failures\": %zu, \"seconds\": %.3f, \"rate\": %.1f, \"resumed\": %zu, "
           "\"p50_ms\": %.3f, \"p99_ms\": %.3f, \"max_ms\": %.3f, \"client_busy\": %.2f}\n",
           latency_count, failures, elapsed, (double)latency_count / elapsed, resumed, percentile(0.5), percentile(0.99),
           percentile(1), busy / elapsed);
    return failures ? 1 : 0;
}
