"""Evidence of one run (gói chứng cứ): everything known of it, in one file that verifies offline."""
