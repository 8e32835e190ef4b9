"""Argon2id with the parameters OWASP names for servers that log many people in at once."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class PortalArgon2Hasher(Argon2PasswordHasher):
    """19 MiB, two passes, one lane: https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html

    Django's default of 100 MiB and eight lanes makes two logins at once wait for each other on a small server.
    """

    time_cost = 2
    memory_cost = 19_456
    parallelism = 1
