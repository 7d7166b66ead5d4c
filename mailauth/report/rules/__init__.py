"""Rules by which other programs read the logs: fail2ban, lnav, and programs that use grok."""

from importlib import resources

FILES = {"fail2ban": "fail2ban.conf", "lnav": "lnav.json", "grok": "grok.pattern"}


def rules_for(name: str) -> str:
    """Return the rules for a program, one of `FILES`."""
    return (resources.files(__name__) / FILES[name]).read_text("utf-8")
