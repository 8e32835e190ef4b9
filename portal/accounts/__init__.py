"""Who people are and how they prove it: login, lock-out, reset, second factor, invitations, roles."""
