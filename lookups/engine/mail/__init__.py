"""A message as it arrived: its header, the way it took, and what its signatures prove.

`message` reads the octets, `received` the way, `auth_results` what servers on it noted,
`signatures` and `verify` DKIM, `arc` the chain of those who passed it on, and `analysis` puts it
all together. Everything here is written by strangers: nothing raises but MessageError, and
everything is bounded in size and time.
"""
