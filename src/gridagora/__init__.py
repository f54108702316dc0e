"""gridagora: distribution electricity markets with trainable agents."""
