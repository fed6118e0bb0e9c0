/* A decoder with a fatal bug, for real: preloaded into the daemon, it takes the place of read(2), by which libsndfile
 * reads, and follows a null pointer as soon as the marker comes by. So the process dies of signal 11 in the middle of
 * libsndfile, at a place that the content of the file decides. Built by the tests with the system's compiler. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>
#include <unistd.h>

static const char marker[] = "kill the decoder that reads this";

ssize_t read(int descriptor, void *buffer, size_t size)
{
	ssize_t (*next)(int, void *, size_t) = (ssize_t(*)(int, void *, size_t))dlsym(RTLD_NEXT, "read");
	ssize_t count = next(descriptor, buffer, size);

	if (count > 0 && memmem(buffer, (size_t)count, marker, sizeof(marker) - 1))
		*(volatile int *)0 = 0;
	return count;
}
