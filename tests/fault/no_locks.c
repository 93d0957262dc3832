/* Preloaded: a file system without locks. NO_LOCKS=error: fcntl says that there are none;
 * NO_LOCKS=slow: up to 8 ms pass before each lock; NO_LOCKS=lie: fcntl says that every lock was had
 * (the test's own test: two must then hold it). */
#undef _FILE_OFFSET_BITS /* both names of the call, as any library may use either */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static long answer(int fd, int command, long argument) {
    const char *way = getenv("NO_LOCKS");
    if (!way || command != F_OFD_SETLK)
        return syscall(SYS_fcntl, fd, command, argument);
    if (strcmp(way, "lie") == 0)
        return 0;
    if (strcmp(way, "slow") == 0) {
        static unsigned state;
        state = (state ? state : (unsigned)getpid()) * 1103515245U + 12345U;
        usleep(state / 65536U % 8000U);
        return syscall(SYS_fcntl, fd, command, argument);
    }
    errno = ENOLCK;
    return -1;
}

int fcntl(int fd, int command, ...) {
    va_list list;
    va_start(list, command);
    long argument = va_arg(list, long);
    va_end(list);
    return (int)answer(fd, command, argument);
}

int fcntl64(int fd, int command, ...) {
    va_list list;
    va_start(list, command);
    long argument = va_arg(list, long);
    va_end(list);
    return (int)answer(fd, command, argument);
}
