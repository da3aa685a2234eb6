"""What an operator sees and does: Django's admin at /admin/, for staff alone."""
