"""Lấy lại, thu hồi văn bản: asked by the sender, decided by the receiver's clerk."""
