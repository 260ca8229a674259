"""What labctl says to the agents on the hosts of a lab, and what it hears from them."""
