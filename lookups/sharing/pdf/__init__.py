"""Reports as PDF: letters and line breaks (`letters`), pages (`pages`), and what stands on them
(`report`). docs/decisions/0012-pdf-with-reportlab.md says why it is made this way."""
