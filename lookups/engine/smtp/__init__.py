"""Speaking to mail servers, as far as a sender does before it names a sender: no mail is sent."""
