"""Sign-up, sign-in and passwords: what django-allauth leaves for the site to decide."""
