"""Addresses of machines are read as people write them, and what would open more than that is refused."""

import pytest

from phitune_gui.core.address import Address, read_address
from phitune_gui.core.invitation import Invitation, read_invitations, write_invitations


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.168.1.5:29500", Address("192.168.1.5", 29500)),
        (" box-2.local:1024 ", Address("box-2.local", 1024)),
        ("[fe80::1]:65535", Address("fe80::1", 65535)),
        ("[fe80::1%eth0]:29500", Address("fe80::1%eth0", 29500)),
        ("[fe80::1%12]:29500", Address("fe80::1%12", 29500)),
        ("[fe80::1%br-0.77]:29500", Address("fe80::1%br-0.77", 29500)),
    ],
)
def test_reads_what_people_write(text: str, address: Address) -> None:
    assert read_address(text) == address
    assert read_address(str(address)) == address


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is no address"), ("192.168.1.5", "is no address"), ("a b:29500", "is no address"), ("http://box:29500", "is no address"),
        ("box:29500; rm -rf", "is no address"), ("0.0.0.0:29500", "every network"), ("[::]:29500", "every network"),
        ("0:29500", "every network"), ("0.0:29500", "every network"), ("000.0.0.0:29500", "every network"), ("0x0:29500", "every network"),
        ("[::0]:29500", "every network"), ("[0:0:0:0:0:0:0:0]:29500", "every network"), ("[::ffff:0.0.0.0]:29500", "every network"),
        ("[::%eth0]:29500", "every network"), ("[fe80::1%]:29500", "is no address"), ("[fe80::1%a b]:29500", "is no address"),
        ("[fe80::1%eth0;rm]:29500", "is no address"), ("box%eth0:29500", "is no address"),
        ("no..such.host:29500", "no name of a machine"), (".local:29500", "no name of a machine"),
        ("a" * 64 + ":29500", "no name of a machine"),
        ("-x:29500", "no name of a machine"), ("999.999.999.999:29500", "each part goes from 0 to 255"),
        ("[ff02::1]:29500", "stands for many machines"), ("[ff02::1%eth0]:29500", "stands for many machines"),
        ("[::ffff:224.0.0.1]:29500", "stands for many machines"), ("0xe0000001:29500", "stands for many machines"),
        ("224.1:29500", "stands for many machines"), ("4294967295:29500", "stands for many machines"),
        ("[1:2]:29500", "no number of a machine"), ("99999999999:29500", "no number of a machine"),
        ("224.0.0.1:29500", "stands for many machines"), ("255.255.255.255:29500", "stands for many machines"),
        ("box:22", "no port that a program may open"), ("box:70000", "no port that a program may open"),
    ],
)  # fmt: skip
def test_refuses_with_a_sentence(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_address(text)


def test_invitations_come_back_as_they_were_written() -> None:
    invitations = [
        Invitation(2, "phitune join box:29500 --machine 2 --key a"),
        Invitation(12, "phitune join box:29500 --machine 12 --key a"),
    ]

    assert read_invitations(write_invitations(invitations)) == invitations
    assert read_invitations("the first machine at box:29500") == []
