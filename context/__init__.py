"""What both sides should know before they meet."""
