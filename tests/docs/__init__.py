"""README and docs/ against the code: what they must name is named, and what they name is there."""
