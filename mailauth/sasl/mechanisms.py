"""The supported mechanisms by name, in the order in which they are offered."""

from mailauth.sasl.bearer import OAUTHBEARER, XOAUTH2
from mailauth.sasl.cram_md5 import CRAM_MD5
from mailauth.sasl.exchange import Mechanism
from mailauth.sasl.external import EXTERNAL
from mailauth.sasl.login import LOGIN
from mailauth.sasl.plain import PLAIN
from mailauth.sasl.scram import SCRAM_SHA_1, SCRAM_SHA_1_PLUS, SCRAM_SHA_256, SCRAM_SHA_256_PLUS

MECHANISMS: dict[str, Mechanism] = {
    mechanism.name: mechanism
    for mechanism in (
        SCRAM_SHA_256_PLUS,
        SCRAM_SHA_1_PLUS,
        SCRAM_SHA_256,
        SCRAM_SHA_1,
        CRAM_MD5,
        PLAIN,
        LOGIN,
        OAUTHBEARER,
        XOAUTH2,
        EXTERNAL,
    )
}
