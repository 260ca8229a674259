"""What the pytest plugin needs once there is something to do: it is imported then, and not before."""
