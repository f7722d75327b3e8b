"""
Machine credentials that rotate themselves: one registry credential for each account of the stack's settings.
"""

# ruff: noqa: E402 - two things are done between the imports
from __future__ import annotations

import os
import signal
from importlib.util import find_spec

import pulumi
from pulumi.runtime.config import CONFIG

if find_spec("zot_ci") is None:
    # The providers, which the engine starts in this folder, would not find it either.
    MSG = "PYTHONSAFEPATH hides this program's folder from Python; unset it, or run scripts/stack.py, which does"
    raise pulumi.RunError(MSG)

from zot_ci.dynamic import own_process

# Before the other imports: a collection of garbage in the midst of them took a fifth of their time (3.11, measured).
own_process.of_the_program()

from zot_ci import RegistryCredential, SettingsError, load
from zot_ci.checked_credential import CheckedCredential
from zot_ci.dynamic.provider import EVERY_FACT
from zot_ci.expiry import announce
from zot_ci.onepassword.access import connect_hosts
from zot_ci.settings.handed_over import as_handed_over

# When a resource fails, the engine interrupts this program; Python's own handler would print a traceback.
signal.signal(signal.SIGINT, signal.SIG_DFL)

try:
    settings = load(as_handed_over(CONFIG.get()))
except SettingsError as exc:
    raise pulumi.RunError(str(exc)) from None

for host in settings.plain_http(*connect_hosts(settings.onepassword.access)):
    pulumi.log.warn(f"{host} is asked over plain http: tokens and keys can be read by others on the network; use https")

for doubt in settings.doubts:
    pulumi.log.warn(doubt)

announce(settings, every_fact=bool(os.environ.get(EVERY_FACT)))

opts = pulumi.ResourceOptions()
if settings.sso:
    # Imported here, since the packages that it needs are an extra.
    from zot_ci.registry_sso import RegistrySso, RegistrySsoArgs
    from zot_ci.zot.configuration import zot_configuration

    # A key may need a login, and a login needs group and application.
    opts.depends_on = [RegistrySso("registry-sso", RegistrySsoArgs(systems=settings, sso=settings.sso))]
    pulumi.export("zot_configuration", zot_configuration(settings))

credentials = {
    account.username: RegistryCredential(account.username, CheckedCredential.of(settings, account), opts)
    for account in settings.accounts
}

pulumi.export("accounts", {username: credential.summary for username, credential in credentials.items()})

# One line for the whole stack: the secrets' values cannot be read, so every `up` publishes them again.
pulumi.Output.all(*(credential.republished for credential in credentials.values())).apply(
    lambda found: (
        pulumi.log.info(f"published again, since nobody can read them: {', '.join(names)}")
        if (names := [name for some in found for name in some])
        else None
    )
)
