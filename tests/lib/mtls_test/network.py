# SPDX-License-Identifier: BSD-2-Clause
"""A second computer on the network of this one, and what tunnels need."""

import errno
import fcntl
import os
import struct

from .process import run

GATEWAY = "192.0.2.1"
TUNSETIFF = 0x400454ca
IFF_TUN = 1


class Laptop:
    """The computer of somebody who is not here: a network namespace."""

    def __init__(self, address="192.0.2.2"):
        self.namespace = "/run/netns/laptop"
        run("ip", "netns", "add", "laptop")
        run("ip", "link", "add", "cable", "type", "veth", "peer", "name",
            "eth0", "netns", "laptop")
        run("ip", "address", "add", f"{GATEWAY}/24", "dev", "cable")
        run("ip", "link", "set", "cable", "up")
        for words in (f"address add {address}/24 dev eth0",
                      "link set lo up", "link set eth0 up"):
            self.run("ip", *words.split())

    def argv(self, *argv):
        """The command line that runs argv there."""
        return ("nsenter", f"--net={self.namespace}", *argv)

    def run(self, *argv, **options):
        return run(*self.argv(*argv), **options)

    def ping(self, address):
        """Whether a packet gets there and back."""
        return self.run("ping", "-c", "1", "-W", "5", address,
                        check=False).returncode == 0

    def remove(self):
        run("ip", "link", "delete", "cable")
        run("ip", "netns", "delete", "laptop")


def without_tunnels():
    """Why there can be no tunnel on this machine; None if there can."""
    try:
        fd = os.open("/dev/net/tun", os.O_RDWR)
    except OSError as error:
        return "no tunnels: /dev/net/tun: " + {
            errno.ENOENT: "the device is missing, and may not be made here",
            errno.ENODEV: "this kernel has no tun driver",
            errno.EPERM: "the container's devices do not include it",
        }.get(error.errno, error.strerror)
    try:
        fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", b"probe", IFF_TUN))
    except OSError as error:
        return f"no tunnels: making one: {error.strerror}"
    finally:
        os.close(fd)
    return None


def server_certificate(directory, name, stem="vpn", issuer=None):
    """A certificate that is nothing to pam_mtls: self-signed, or issued by
    another one of these."""
    ca = ("-CA", f"{issuer}.pem", "-CAkey", f"{issuer}.key") if issuer else ()
    run("openssl", "req", "-x509", *ca, "-newkey", "ec", "-pkeyopt",
        "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
        "-addext", f"subjectAltName=DNS:{name}", "-addext",
        "extendedKeyUsage=serverAuth,clientAuth", "-addext",
        "keyUsage=digitalSignature,keyCertSign", "-days", "2", "-keyout",
        directory / f"{stem}.key", "-out", directory / f"{stem}.pem")
