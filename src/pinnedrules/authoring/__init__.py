"""For the person who writes rules: what one call meets in them, cases beside them, what is wrong with them. No IO here."""
