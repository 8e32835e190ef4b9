"""Stage B, domain and edge: records, one canonical address, redirects, subdomains, mixed content, protection."""
