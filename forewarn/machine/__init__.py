"""Everything on one machine: a supervisor of child processes, and a town that plays a demo."""
