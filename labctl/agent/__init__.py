"""What labctl runs on a host. Nothing here imports anything but the standard library and its own room."""
