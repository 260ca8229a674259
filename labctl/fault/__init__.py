"""What steps say of links, as rules for the hosts where packets arrive. Values and pure functions."""
