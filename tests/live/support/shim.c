/* Lets a test break a running server: preloaded into it, this fails what stands between it and its logs.

   What is broken is what there is a file for in the directory $SHIM: "write" and "sync" fail with EIO for files in a
   directory "logs", "back" sets the wall clock back by an hour, "ahead" forward. "stop" stops the first process that writes to such a
   file when half of it is written, and "hang" has it hang there, whatever signal comes; each takes its file away. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int broken(const char *what) {
    char path[4096];
    const char *directory = getenv("SHIM");
    if (!directory) return 0;
    snprintf(path, sizeof path, "%s/%s", directory, what);
    return access(path, F_OK) == 0;
}

static int taken(const char *what) {
    char path[4096];
    if (!broken(what)) return 0;
    snprintf(path, sizeof path, "%s/%s", getenv("SHIM"), what);
    return unlink(path) == 0;
}

static int is_log(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return strstr(path, "/logs/") != NULL;
}

/* The parent tries whether logs can be written with a file that has no name. */
static int has_name(int fd) {
    struct stat status;
    return fstat(fd, &status) == 0 && status.st_nlink > 0;
}

ssize_t write(int fd, const void *data, size_t length) {
    static ssize_t (*real)(int, const void *, size_t);
    if (!real) real = dlsym(RTLD_NEXT, "write");
    if (broken("write") && is_log(fd)) {
        errno = EIO;
        return -1;
    }
    int stop = (broken("stop") || broken("hang")) && is_log(fd) && has_name(fd);
    if (stop && taken("stop")) {
        ssize_t half = real(fd, data, length / 2);
        raise(SIGSTOP);
        return half;
    }
    if (stop && taken("hang")) {
        real(fd, data, length / 2);
        for (;;) pause();
    }
    return real(fd, data, length);
}

int fdatasync(int fd) {
    static int (*real)(int);
    if (!real) real = dlsym(RTLD_NEXT, "fdatasync");
    if (broken("sync") && is_log(fd)) {
        errno = EIO;
        return -1;
    }
    return real(fd);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(clock, time);
    if (clock == CLOCK_REALTIME && broken("back")) time->tv_sec -= 3600;
    if (clock == CLOCK_REALTIME && broken("ahead")) time->tv_sec += 3600;
    return result;
}
