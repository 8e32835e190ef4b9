"""The portal as prototypes are: the healthy code with the mistakes of a portal built in a hurry laid over it.

Nothing here is to be copied. The list of mistakes, with what finds each, is `launchready/lab/prototype.py`.
"""
