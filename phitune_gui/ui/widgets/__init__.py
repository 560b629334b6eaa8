"""Parts of the window: they take values, emit signals and know neither the session nor each other's pages."""
