"""The engine for tests: a plan -> agents that are plain processes of this machine, without networks or namespaces."""
