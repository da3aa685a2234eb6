"""The header analyser: what a message's header says, and what of it can be proven."""
