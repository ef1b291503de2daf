"""From sources to indices: feeds, Faust agents, the archive."""
