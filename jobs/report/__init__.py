"""The report that preprocessing leaves: mergeable pieces, what they add up to, and a page of it."""
