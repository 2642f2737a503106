"""Edge 5: health, metrics and the local socket the CLI talks to."""
