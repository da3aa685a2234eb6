"""Teams: people who look after domains together. `models.py` says who may see and change what."""
