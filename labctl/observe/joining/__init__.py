"""Programs, calls and packets -> the parts of a story, tied together. Pure; put to use by labctl.observe.join."""
