#!/bin/sh
# The /proc/cpuinfo of a Raspberry Pi 4 (Cortex-A72) on stdout, with as many processors as this machine has.
#
# qemu before 10 shows emulated programs the host's, by which ONNX Runtime takes instructions that are not there and
# ends with a signal. A Cortex-A72 has nothing beyond what every 64-bit ARM has but CRC32.
set -eu
for processor in $(seq 0 $(($(nproc) - 1))); do
    printf '%s\t: %s\n' processor "$processor" BogoMIPS 108.00 Features 'fp asimd evtstrm crc32 cpuid' \
        'CPU implementer' 0x41 'CPU architecture' 8 'CPU variant' 0x0 'CPU part' 0xd08 'CPU revision' 3
    echo
done
