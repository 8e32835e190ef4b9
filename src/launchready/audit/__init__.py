"""Stage A, the quick audit: domain, certificates, mail, exposure."""
