/* A decoder with a fatal bug, for real: preloaded into the daemon, it takes the place of preadv(2), by which libsndfile is
 * handed the bytes of a file, and follows a null pointer as soon as the marker comes by. So the process dies of signal 11
 * in the middle of libsndfile, at a place that the content of the file decides. Built by the tests with the system's
 * compiler. Python calls preadv2, which is preadv64v2 where file offsets have 64 bits. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>

static const char marker[] = "kill the decoder that reads this";

typedef ssize_t (*reader)(int, const struct iovec *, int, off64_t, int);

ssize_t preadv64v2(int descriptor, const struct iovec *buffers, int count, off64_t position, int flags)
{
	reader next = (reader)dlsym(RTLD_NEXT, "preadv64v2");
	ssize_t filled = next(descriptor, buffers, count, position, flags);

	if (filled > 0) {
		size_t first = (size_t)filled < buffers[0].iov_len ? (size_t)filled : buffers[0].iov_len;

		if (memmem(buffers[0].iov_base, first, marker, sizeof(marker) - 1))
			*(volatile int *)0 = 0;
	}
	return filled;
}
