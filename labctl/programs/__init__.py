"""Programs of somebody's own -> what takes the place of the lab's programs on its hosts."""
