"""From a task to typed tables: calls, pages, rows, Arrow."""
