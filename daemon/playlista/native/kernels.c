/* By what the library is known: a library of other sources is never used. */

#include "kernels.h"

/* The checksum of the sources and flags that this was built from, given by build.py. */
EXPORTED const char *playlista_checksum(void)
{
    return CHECKSUM;
}
