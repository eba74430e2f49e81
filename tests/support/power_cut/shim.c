/* Preloaded into a unit (LD_PRELOAD): writes down all that it does to the files below one directory,
 * with the data, and makes operations fail on request.
 *
 *   SHIM_DIRECTORY  absolute path of the directory, no symbolic links in it
 *   SHIM_LOG        the record; recording.py reads it
 *   SHIM_FAULTS     where this file exists and says "write=28 sync=5", writes there fail with errno 28,
 *                   syncs with 5; also "open" (for writing), "read", "truncate" and "name"
 *
 * An operation and its entry in the log are one step under a lock: the order in the log is the order
 * of things. What is written through mmap is not seen; SQLite does so in its -shm file only, which it
 * rebuilds after a cut. Raw system calls instead of dlsym: nothing of the C library is in the way.
 * For 64-bit Linux.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

struct entry { /* little-endian, packed: recording.py's "<cQQQIII" */
    char kind;
    uint64_t at; /* CLOCK_MONOTONIC in ns, when the operation was done */
    uint64_t inode;
    uint64_t offset; /* of a write; the new size of a truncation */
    uint32_t path_size, target_size, data_size;
} __attribute__((packed));

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *directory, *faults;
static int record_fd = -1;

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("SHIM_LOG");
    directory = getenv("SHIM_DIRECTORY");
    faults = getenv("SHIM_FAULTS");
    if (directory && path)
        record_fd = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    unsetenv("LD_PRELOAD"); /* its children are not the unit */
}

static int inside(const char *path)
{
    size_t size = directory ? strlen(directory) : 0;
    return size && !strncmp(path, directory, size) && (path[size] == '/' || !path[size]);
}

/* The path that a descriptor stands for; "" where it is outside of the directory. */
static const char *path_of(int fd, char *path)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_MAX - 1);
    path[size < 0 ? 0 : size] = 0;
    if (!inside(path))
        path[0] = 0;
    return path;
}

/* The same for a path as system calls take it. */
static const char *path_at(int fd, const char *given, char *path)
{
    if (given[0] == '/') {
        snprintf(path, PATH_MAX, "%s", given);
    } else {
        char link[64];
        if (fd == AT_FDCWD)
            snprintf(link, sizeof link, "/proc/self/cwd");
        else
            snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t size = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_MAX - 1);
        size = size < 0 ? 0 : size;
        snprintf(path + size, PATH_MAX - size, "/%s", given);
    }
    if (!inside(path))
        path[0] = 0;
    return path;
}

/* Whether an operation of this kind is to fail; errno is then set. */
static int fails(const char *kind)
{
    char text[256] = " ";
    int fd = faults ? syscall(SYS_openat, AT_FDCWD, faults, O_RDONLY | O_CLOEXEC, 0) : -1;
    if (fd < 0)
        return 0;
    ssize_t size = syscall(SYS_read, fd, text + 1, sizeof text - 2);
    syscall(SYS_close, fd);
    text[size < 0 ? 1 : size + 1] = 0;
    char wanted[32];
    snprintf(wanted, sizeof wanted, " %s=", kind);
    char *found = strstr(text, wanted);
    if (!found)
        return 0;
    errno = atoi(found + strlen(wanted));
    return 1;
}

static void note(char kind, uint64_t inode, uint64_t offset, const char *path, const char *target,
                 const void *data, size_t size)
{
    int kept = errno;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    struct entry entry = {kind,         now.tv_sec * 1000000000ull + now.tv_nsec, inode, offset,
                          strlen(path), strlen(target),                           size};
    struct iovec parts[] = {{&entry, sizeof entry},
                            {(void *)path, entry.path_size},
                            {(void *)target, entry.target_size},
                            {(void *)data, size}};
    if (record_fd >= 0)
        syscall(SYS_writev, record_fd, parts, 4);
    errno = kept;
}

static uint64_t inode_of(int fd)
{
    struct stat found;
    return fstat(fd, &found) ? 0 : found.st_ino;
}

static int exists(const char *path) { return !syscall(SYS_faccessat, AT_FDCWD, path, F_OK); }

static int opened(int at, const char *given, int flags, mode_t mode)
{
    char path[PATH_MAX];
    int writes = (flags & O_ACCMODE) != O_RDONLY || flags & O_CREAT;
    if (!writes || !path_at(at, given, path)[0])
        return syscall(SYS_openat, at, given, flags, mode);
    int fd = -1;
    pthread_mutex_lock(&lock);
    if (!fails("open")) {
        int kept = errno, fresh = !exists(path);
        errno = kept;
        fd = syscall(SYS_openat, at, given, flags, mode);
        if (fd >= 0 && fresh)
            note('c', inode_of(fd), 0, path, "", "", 0);
        else if (fd >= 0 && flags & O_TRUNC)
            note('t', inode_of(fd), 0, path, "", "", 0);
    }
    pthread_mutex_unlock(&lock);
    return fd;
}

#define MODE(flags, last)                                                                          \
    mode_t mode = 0;                                                                               \
    if ((flags) & (O_CREAT | __O_TMPFILE)) {                                                       \
        va_list list;                                                                              \
        va_start(list, last);                                                                      \
        mode = va_arg(list, mode_t);                                                               \
        va_end(list);                                                                              \
    }
#define OPEN(name)                                                                                 \
    int name(const char *path, int flags, ...)                                                     \
    {                                                                                              \
        MODE(flags, flags)                                                                         \
        return opened(AT_FDCWD, path, flags, mode);                                                \
    }
#define OPENAT(name)                                                                               \
    int name(int at, const char *path, int flags, ...)                                             \
    {                                                                                              \
        MODE(flags, flags)                                                                         \
        return opened(at, path, flags, mode);                                                      \
    }
OPEN(open) OPEN(open64) OPENAT(openat) OPENAT(openat64)

static ssize_t written(int fd, const void *data, size_t size, off_t offset, int positioned)
{
    char path[PATH_MAX];
    if (!path_of(fd, path)[0])
        return positioned ? syscall(SYS_pwrite64, fd, data, size, offset)
                          : syscall(SYS_write, fd, data, size);
    ssize_t done = -1;
    pthread_mutex_lock(&lock);
    if (!fails("write")) {
        done = positioned ? syscall(SYS_pwrite64, fd, data, size, offset)
                          : syscall(SYS_write, fd, data, size);
        if (done > 0)
            note('w', inode_of(fd), positioned ? offset : syscall(SYS_lseek, fd, 0, SEEK_CUR) - done,
                 path, "", data, done);
    }
    pthread_mutex_unlock(&lock);
    return done;
}

ssize_t write(int fd, const void *data, size_t size) { return written(fd, data, size, 0, 0); }
ssize_t pwrite(int fd, const void *data, size_t size, off_t at) { return written(fd, data, size, at, 1); }
ssize_t pwrite64(int fd, const void *data, size_t size, off_t at) { return written(fd, data, size, at, 1); }

static int unreadable(int fd)
{
    char path[PATH_MAX];
    return faults && path_of(fd, path)[0] && fails("read");
}

ssize_t read(int fd, void *data, size_t size)
{
    return unreadable(fd) ? -1 : syscall(SYS_read, fd, data, size);
}
ssize_t pread(int fd, void *data, size_t size, off_t at)
{
    return unreadable(fd) ? -1 : syscall(SYS_pread64, fd, data, size, at);
}
ssize_t pread64(int fd, void *data, size_t size, off_t at) { return pread(fd, data, size, at); }

/* Of what acts on a whole descriptor: `call` done unless it is to fail, and noted. */
#define ON_DESCRIPTOR(fd, fault, call, kind, size)                                                 \
    char path[PATH_MAX];                                                                           \
    if (!path_of(fd, path)[0])                                                                     \
        return call;                                                                               \
    int done = -1;                                                                                 \
    pthread_mutex_lock(&lock);                                                                     \
    if (!fails(fault) && !(done = call))                                                           \
        note(kind, inode_of(fd), size, path, "", "", 0);                                           \
    pthread_mutex_unlock(&lock);                                                                   \
    return done;

int ftruncate(int fd, off_t size)
{
    ON_DESCRIPTOR(fd, "truncate", syscall(SYS_ftruncate, fd, size), 't', size)
}
int ftruncate64(int fd, off_t size) { return ftruncate(fd, size); }

/* Room that is taken reads as zeros: at the end of a file it is a truncation to more. */
int posix_fallocate(int fd, off_t offset, off_t size)
{
    struct stat found;
    int kept = errno;
    if (fstat(fd, &found))
        return errno;
    int failed = offset + size > found.st_size ? ftruncate(fd, offset + size) : 0;
    if (!failed)
        failed = syscall(SYS_fallocate, fd, 0, offset, size);
    int error = failed ? errno : 0;
    errno = kept;
    return error;
}
int posix_fallocate64(int fd, off_t offset, off_t size) { return posix_fallocate(fd, offset, size); }

int fsync(int fd) { ON_DESCRIPTOR(fd, "sync", syscall(SYS_fsync, fd), 's', 0) }
int fdatasync(int fd) { ON_DESCRIPTOR(fd, "sync", syscall(SYS_fdatasync, fd), 's', 0) }

/* Of what changes names: `to` is "" for unlink. */
#define ON_NAMES(call, kind, from, to)                                                             \
    int done = -1;                                                                                 \
    pthread_mutex_lock(&lock);                                                                     \
    int concerned = from[0] || to[0];                                                              \
    if ((!concerned || !fails("name")) && !(done = call) && concerned)                             \
        note(kind, 0, 0, from, to, "", 0);                                                         \
    pthread_mutex_unlock(&lock);                                                                   \
    return done;

int renameat2(int old_at, const char *old, int new_at, const char *new, unsigned flags)
{
    char from[PATH_MAX], to[PATH_MAX];
    path_at(old_at, old, from), path_at(new_at, new, to);
    ON_NAMES(syscall(SYS_renameat2, old_at, old, new_at, new, flags), 'r', from, to)
}
int renameat(int old_at, const char *old, int new_at, const char *new)
{
    return renameat2(old_at, old, new_at, new, 0);
}
int rename(const char *old, const char *new) { return renameat2(AT_FDCWD, old, AT_FDCWD, new, 0); }

int linkat(int old_at, const char *old, int new_at, const char *new, int flags)
{
    char from[PATH_MAX], to[PATH_MAX];
    path_at(old_at, old, from), path_at(new_at, new, to);
    ON_NAMES(syscall(SYS_linkat, old_at, old, new_at, new, flags), 'l', from, to)
}
int link(const char *old, const char *new) { return linkat(AT_FDCWD, old, AT_FDCWD, new, 0); }

int unlinkat(int at, const char *given, int flags)
{
    char from[PATH_MAX];
    const char *to = "";
    path_at(at, given, from);
    ON_NAMES(syscall(SYS_unlinkat, at, given, flags), 'u', from, to)
}
int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
