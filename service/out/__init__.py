"""What leaves the store: feeds by theme, exports for other programs, digests for people, and the queries for them."""
