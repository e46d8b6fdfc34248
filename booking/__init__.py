"""Who meets whom, and when; advisors' own calendars."""
