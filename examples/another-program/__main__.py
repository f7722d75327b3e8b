"""
A Pulumi program that uses zot-ci as a library: one credential among whatever else it keeps.
"""

import pulumi

from zot_ci import FieldArgs, RegistryCredential, RegistryCredentialArgs, SecretArgs

config = pulumi.Config()
credential = RegistryCredential(
    "talos",
    RegistryCredentialArgs(
        zot_url=config.require("registry"),  # may be another resource's output, as every URL may
        authentik_url=config.require("sso"),
        username="ci-talos",
        groups=["artifact-workloads"],
        store=FieldArgs(vault="blumeops", item="Forgejo Secrets", field="ci-talos-api"),
        secrets=[SecretArgs(config.require("forge"), secret="ZOT_PUSH_API_KEY", repository="eblume/blumeops")],
        rotate_after_days=30,
        expire_after_days=45,
    ),
)
pulumi.export("talos", credential.summary)
