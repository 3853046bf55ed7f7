"""Where signing keys live (kho khóa)."""
