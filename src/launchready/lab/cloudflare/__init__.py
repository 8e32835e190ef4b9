"""The lab's Cloudflare: an account that holds one zone, its API, and the edge in front of the zone's proxied hosts.

`account.py` is it as data, `state.py` what it holds now, `api.py` the API with `schema.py` for what that takes,
`proxy.py` the edge. Held to the types of Cloudflare's own SDK (docs/decisions/0070).
"""
