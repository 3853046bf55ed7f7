"""What leaves and arrives over the exchange (gửi, nhận liên thông)."""
