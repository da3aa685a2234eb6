"""What receivers find out about a domain by DMARC: its policy, its organization, its reports."""
