"""Blocked addresses over the control socket: `mailauth block list` and `mailauth block clear`."""

import msgspec

from mailauth.control.line import Failed, Handlers, Reply
from mailauth.login.authority import Authority
from mailauth.login.blocking import Blocked
from mailauth.login.changes import unblock
from mailauth.login.event import LoginEvent
from mailauth.wire.networks import parse_network
from mailauth.wire.pending import Pending, then


class ListBlocks(msgspec.Struct, frozen=True, tag="list-blocks"):
    """Which addresses are blocked?"""


class Blocks(msgspec.Struct, frozen=True, tag="blocks"):
    """The blocked addresses (IPv6: the /64)."""

    blocked: list[Blocked]


class ClearBlock(msgspec.Struct, frozen=True, tag="clear-block"):
    """Unblock an address or a blocked /64."""

    address: str


class ClearBlocks(msgspec.Struct, frozen=True, tag="clear-blocks"):
    """Unblock all addresses."""


class Cleared(msgspec.Struct, frozen=True, tag="cleared"):
    """The addresses that were unblocked."""

    addresses: list[str]


_NOT_RECORDED = Failed("the change could not be recorded, so it was not made")


class BlockHandlers:
    """The handlers of these requests."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority

    def table(self) -> Handlers:
        """Return the handler of each request."""
        return {
            ListBlocks: lambda _: Blocks(self._authority.blocking.blocked()),
            ClearBlock: self._clear,
            ClearBlocks: self._clear_all,
        }

    def _clear(self, request: ClearBlock) -> Reply:
        try:
            network = parse_network(request.address)
        except ValueError as error:
            return Failed(f"expected an address, or {error}")
        block = self._authority.blocking.block_of(str(network.network_address))
        is_one = network.num_addresses == 1
        if block is None or not (is_one or block.address == str(network)):
            return Failed(f"{request.address} is not blocked")
        return self._unblock([block.address])

    def _clear_all(self, _: ClearBlocks) -> Reply:
        return self._unblock([block.address for block in self._authority.blocking.blocked()])

    def _unblock(self, addresses: list[str]) -> Reply:
        """Unblock the addresses; those that cannot be recorded stay blocked."""
        answer: Pending[msgspec.Struct] = Pending()
        recorded: list[bool] = []

        def tell(event: LoginEvent | None) -> None:
            recorded.append(event is not None)
            if len(recorded) == len(addresses):
                answer.resolve(Cleared(addresses) if all(recorded) else _NOT_RECORDED)

        for address in addresses:
            then(unblock(self._authority, address), tell)
        return answer if addresses else Cleared([])
