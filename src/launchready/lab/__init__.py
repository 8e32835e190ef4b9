"""A local internet on loopback: DNS, certificates, an edge, mail, RDAP; with faults as data.

`world.py` says in data what exists; `lab.py` brings it up. Used by the demo, the tests and the benches.
"""
