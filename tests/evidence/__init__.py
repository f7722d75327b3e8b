"""What was measured, on which day and of which code: the records in docs/evidence, and the tables made of them."""
