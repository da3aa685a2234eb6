"""How much one visitor may ask, and one domain may be asked about: counted in Redis."""
