"""Advisors' own calendars: what they keep us from booking, and what we write into them."""
