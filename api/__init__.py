"""The only room with doors: HTTP, pages, worker, command line, and the wiring of the rooms."""
