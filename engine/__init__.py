"""The machine room: runs procedures, keeps their state and history, owns the database session."""
