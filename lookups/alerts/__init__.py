"""Who is told of a change in a watched domain: by mail and by webhook, each by their settings."""
