"""What runs beside a host, with rights over its network. Standard library, labctl.agent and its own room only."""
